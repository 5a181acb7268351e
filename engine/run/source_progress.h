// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_PROGRESS_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_PROGRESS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/base/time_ns.h"
#include "engine/model/labels.h"
#include "engine/run/evaluator.h"

namespace tallybell {

// Up to when one configured source has told all, made of what its files have told: for the rules'
// clocks, files that the same rules select are one source (docs/semantics.md, "When it is known").
// So what the evaluator keeps does not grow with the files that come and go.
//
// Belongs to the evaluation thread.
class SourceProgress {
 public:
  using Member = size_t;

  struct Options {
    DurationNs lateness = 0;
    // Without a file the source is live all the same: a container that is gone is silent.
    bool live_without_files = false;
  };

  // `evaluator` outlives it.
  SourceProgress(const Options& options, Evaluator* evaluator)
      : options_(options), evaluator_(evaluator) {}

  // A file with records of any of `streams`, which `rules` (ascending) select. It holds the clocks
  // until its first Progress.
  Member Join(const std::vector<uint32_t>& rules, const std::vector<Labels>& streams, TimeNs now);
  void Leave(Member member);

  // The file's first record is at `t`.
  void Started(Member member, TimeNs t);

  // The file has told all up to `complete_to`.
  void Progress(Member member, TimeNs complete_to);

  // A file that is stuck, or finished, holds nothing.
  void SetLive(Member member, bool live);

  // Tells the evaluator what has changed. `well`: the source can be read, with files or without.
  void Settle(bool well, TimeNs now);

 private:
  struct File {
    size_t group = 0;
    TimeNs complete_to = kNoTime;
    bool live = true;
  };
  struct Group {
    uint32_t number = 0;  // in the evaluator
    bool live = true;
  };

  const Options options_;
  Evaluator* const evaluator_;
  std::vector<Group> groups_;
  std::map<std::vector<uint32_t>, size_t> group_of_rules_;
  std::map<Member, File> files_;
  Member next_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_PROGRESS_H_
