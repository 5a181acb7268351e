// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_REPLAY_PLAN_H_
#define TALLYBELL_ENGINE_RUN_REPLAY_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tallybell {

// One source of a replay: the parts of one log, oldest first.
struct ReplaySource {
  std::vector<std::string> parts;  // paths; "-" is standard input
};

// Which files make which sources (docs/semantics.md, "Several files"): a link and its target are
// one file, rotated parts of one log are one source, and of the severity files of one glog program
// only the lowest is read, because it holds the others. A directory stands for the files in it, in
// the order of their names, and a pattern that the shell left alone for what fits it; all files of
// one container are one source.
struct ReplayPlan {
  std::vector<ReplaySource> sources;  // in the order in which their first path was named
  std::vector<std::string> notes;     // what was left out, and why
  int64_t unread = 0;                 // directories that could not be read, or not all of them
};

ReplayPlan PlanReplay(const std::vector<std::string>& paths);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_REPLAY_PLAN_H_
