// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_WINDOW_EVIDENCE_RING_H_
#define TALLYBELL_ENGINE_WINDOW_EVIDENCE_RING_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/window/window_match.h"

namespace tallybell {

// Where a match stands and what its line says.
struct EvidenceEntry {
  uint32_t file = 0;    // number of the file that it stands in
  uint64_t offset = 0;  // bytes
  absl::string_view line;
};

// The lines that alerts may show, of all groups together, in a bounded number of bytes: when it
// is full the oldest lines give way. With a line its place is kept, which is a match's identity:
// two identical lines at different places are two matches. Not thread-safe.
class EvidenceRing {
 public:
  static constexpr size_t kDefaultCapacity = 64 << 20;  // bytes

  explicit EvidenceRing(size_t capacity = kDefaultCapacity);

  // Keeps `entry` (of its line at most kMaxLine bytes), which is of a match at `time`, and returns
  // its handle, never WindowMatch::kNoEvidence.
  uint32_t Add(TimeNs time, const EvidenceEntry& entry);

  // What was kept of the match, or false if it gave way. The view is valid until the next Add.
  bool Get(const WindowMatch& match, EvidenceEntry* entry) const;

  // Whether `a` stands before `b`: by time, and by place where the times are equal, so that the
  // order does not depend on when lines were read. What gave way comes before what did not.
  bool Before(const WindowMatch& a, const WindowMatch& b) const;

  // Lines that gave way.
  int64_t given_way() const { return given_way_; }

  static constexpr size_t kMaxLine = 4096;  // bytes

 private:
  struct Header;
  // Entries begin at units, which handles count: a handle comes back after 64 GiB of evidence.
  // The time of the entry, which is kept with it, tells what is there then from what was.
  static constexpr size_t kUnit = 16;  // bytes
  static constexpr size_t kChunkUnits = 64 * 1024;
  static constexpr size_t kChunkBytes = kChunkUnits * kUnit;

  void AddChunk();
  uint64_t End() const;  // in units, of all that was ever kept

  const size_t max_chunks_;
  uint64_t first_chunk_ = 0;  // number of chunks_.front()
  std::deque<std::string> chunks_;
  std::deque<int64_t> lines_;  // in each of chunks_
  int64_t given_way_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_WINDOW_EVIDENCE_RING_H_
