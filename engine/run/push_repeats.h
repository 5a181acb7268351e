// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_PUSH_REPEATS_H_
#define TALLYBELL_ENGINE_RUN_PUSH_REPEATS_H_

#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/source/push_digest.h"
#include "engine/store/delta.h"

namespace tallybell {

// The pushes of the last minutes, by which one that is sent again is known: a client that got no
// answer cannot tell whether its push was taken. What it knows is saved with the windows that the
// pushes changed, so that it holds over a restart.
//
// Belongs to the evaluation thread.
class PushRepeats {
 public:
  static constexpr DurationNs kRememberFor = 10 * kMinute;
  // The oldest are forgotten first.
  static constexpr size_t kMost = 20'000;

  // `key`: the source's; `stored`: the rows of all sources, of which it takes its own.
  PushRepeats(absl::string_view key, const std::vector<PositionRow>& stored);

  // Whether that push came before. If not it is remembered, as of `now` (wall clock).
  bool Repeats(const PushDigest& digest, TimeNs now);

  // Forgets what is too old.
  void Expire(TimeNs now);

  // Appends what changed since the last call.
  void Save(Delta* delta);
  bool Unsaved() const { return !rows_.empty(); }

 private:
  void ForgetOldest();

  const std::string prefix_;  // of the keys of its rows
  absl::flat_hash_map<PushDigest, TimeNs> came_;
  std::deque<std::pair<TimeNs, PushDigest>> oldest_first_;
  std::vector<PositionRow> rows_;  // not saved yet
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_PUSH_REPEATS_H_
