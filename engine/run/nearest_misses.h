// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_NEAREST_MISSES_H_
#define TALLYBELL_ENGINE_RUN_NEAREST_MISSES_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"

namespace tallybell {

// How near a rule came on a day (UTC) on which it was never enough, so that history can say so
// (docs/history.md, "Nearest misses"). Of a rule whose condition a later record can only make true.
// Not thread-safe.
class NearestMisses {
 public:
  // A row of history that is due. A plain value.
  struct Miss {
    TimeNs time = kNoTime;  // the instant of the count
    int64_t value = 0;
    Labels labels;  // of the alert that it would have been
  };

  // At most one row a minute, and only when the count has grown by a twentieth of what is enough:
  // so a rule has at most some twenty rows a day.
  static constexpr DurationNs kEvery = kMinute;
  static constexpr int64_t kSteps = 20;
  // A backlog may be of many days; history keeps no more than these.
  static constexpr size_t kMaxDays = 31;

  // `enough`: the least count at which the condition holds.
  explicit NearestMisses(int64_t enough) : enough_(enough) {}

  // At `t`, a group's count has grown to `count`. What is of a day before the newest is left out.
  // `labels` is called only where the answer is kept.
  void Note(int64_t count, TimeNs t, absl::FunctionRef<Labels()> labels);

  // What is due; `now` is monotonic. kNever: all that was not recorded yet.
  std::vector<Miss> Take(TimeNs now);

 private:
  void CloseDay();

  const int64_t enough_;
  int64_t day_ = -1;
  bool reached_ = false;  // on that day it was enough
  Miss peak_;             // of that day
  int64_t recorded_ = 0;  // the count that was recorded of that day
  TimeNs recorded_at_ = kNoTime;
  std::vector<Miss> closed_;  // of days before, not taken yet
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_NEAREST_MISSES_H_
