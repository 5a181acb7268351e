// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_CLOCK_HEALTH_H_
#define TALLYBELL_ENGINE_RUN_CLOCK_HEALTH_H_

#include "engine/base/metrics.h"
#include "engine/base/time_ns.h"
#include "engine/run/configuration.h"
#include "engine/run/evaluator.h"
#include "engine/run/meta_alerts.h"

namespace tallybell {

// Whether the wall clock is behind the times up to which rules have decided: it was ahead, and
// somebody set it back. T never goes back, so what is written now comes too late for those rules
// until the clock is there again. Says so in the log and as the meta-alert TallybellClockSetBack
// (docs/semantics.md, "A clock that is set back"). Knows it over a restart too, because T is
// stored. Metric: clock_behind_seconds.
//
// Belongs to the evaluation thread.
class ClockHealth {
 public:
  static constexpr char kName[] = "TallybellClockSetBack";

  explicit ClockHealth(Metrics* metrics);

  // T may be so far ahead of a clock that nobody has set: as far as stamps may be, and a little.
  static DurationNs Tolerance(const Configuration& configuration);

  // `now` is the wall clock.
  void Tell(const Evaluator& evaluator, DurationNs tolerance, TimeNs now, MetaAlerts* alerts);

 private:
  // How often it is looked at: there may be a thousand rules.
  static constexpr DurationNs kLookEvery = 100 * kMillisecond;

  Metric& behind_;
  TimeNs looked_ = kNoTime;
  bool first_ = true;
  bool told_ = false;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_CLOCK_HEALTH_H_
