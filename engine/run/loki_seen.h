// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LOKI_SEEN_H_
#define TALLYBELL_ENGINE_RUN_LOKI_SEEN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/source/loki_entries.h"
#include "engine/store/delta.h"

namespace tallybell {

// The entries that were counted and may be read again, by 64 bits of a digest each: so that what
// is read twice is counted once, over a restart too. What an entry is known by is its stream, its
// time, its line, and how many equal ones stand before it.
//
// Belongs to the evaluation thread.
class LokiSeen {
 public:
  // `key`: the source's; `stored`: the rows of all sources, of which it takes its own.
  LokiSeen(absl::string_view key, const std::vector<PositionRow>& stored);

  // Whether `row` is one of the source of that key.
  static bool IsRowOf(absl::string_view key, const PositionRow& row);
  // Knows what the source of that key knew, too.
  void Inherit(absl::string_view key, const std::vector<PositionRow>& stored);

  // What each of `entries`, which are by time and of whole instants, is known by.
  static std::vector<uint64_t> Identify(const LokiEntries& entries);

  // True if it was not there before.
  bool Add(TimeNs time, uint64_t id);

  // Forgets what is earlier than the second of `before`.
  void Forget(TimeNs before);
  // Up to where the oldest must be forgotten for at most `most` to be left; kNoTime if none.
  TimeNs Excess(size_t most) const;
  size_t size() const { return size_; }

  // Appends what changed since the last call.
  void Save(Delta* delta);
  bool Unsaved() const { return !changed_.empty() || !erased_.empty(); }

 private:
  using Slice = absl::flat_hash_set<uint64_t>;  // of one second

  std::string RowKey(int64_t second) const;
  static bool ReadRow(const PositionRow& row, absl::string_view prefix, int64_t* second,
                      std::vector<uint64_t>* ids);

  const std::string prefix_;  // of the keys of its rows
  absl::btree_map<int64_t, Slice> slices_;
  size_t size_ = 0;
  absl::btree_set<int64_t> changed_;  // not saved yet
  std::vector<int64_t> erased_;       // the same
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LOKI_SEEN_H_
