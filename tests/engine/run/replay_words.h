// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_RUN_REPLAY_WORDS_H_
#define TALLYBELL_TESTS_ENGINE_RUN_REPLAY_WORDS_H_

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/run/replay.h"
#include "engine/run/transition_json.h"
#include "gtest/gtest.h"

namespace tallybell {

// All that a replay says: each transition, the sums, and what could not be read. Its progress must
// never go back.
inline std::string ReplayWords(const RuleSet& rules, const std::vector<std::string>& paths,
                               const Replay::Options& options) {
  Metrics metrics;
  const Redactor redactor;
  Replay replay(&rules, &redactor, options, &metrics);
  std::string said;
  const auto tell = [&](const Transition& transition) {
    absl::StrAppend(&said, DumpJson(TransitionJson(transition)), "\n");
  };
  uint64_t last = 0;
  const auto progress = [&](uint64_t read, uint64_t of) {
    EXPECT_GE(read, last);
    EXPECT_LE(read, of);
    last = read;
  };
  EXPECT_TRUE(replay.Run(paths, tell, progress).ok());
  const ReplaySummary sums = replay.Summary();
  absl::StrAppend(&said, sums.lines, " lines, ", sums.bytes, " bytes, ", sums.lines_cut, " cut, ",
                  sums.clamped_times, " clamped, ", sums.late_matches, " late, ", sums.unread,
                  " unread\n", absl::StrJoin(sums.notes, "\n"), "\n");
  return said;
}

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_RUN_REPLAY_WORDS_H_
