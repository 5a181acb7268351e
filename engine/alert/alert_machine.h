// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The life of one alert: inactive, pending, firing, resolved. Pure: what it is told decides.
#ifndef TALLYBELL_ENGINE_ALERT_ALERT_MACHINE_H_
#define TALLYBELL_ENGINE_ALERT_ALERT_MACHINE_H_

#include <optional>

#include "engine/base/time_ns.h"
#include "engine/model/alert.h"

namespace tallybell {

// The two durations of a rule that shape its alerts' lives.
struct AlertPolicy {
  DurationNs hold = 0;             // `for`: true this long before it fires
  DurationNs keep_firing_for = 0;  // false this long before it resolves
};

// Where an alert stands between two instants. A plain value.
struct AlertStatus {
  AlertState state = AlertState::kInactive;  // never kResolved: a resolved alert is inactive again
  TimeNs since = kNoTime;                    // pending: since when true; firing: its startsAt
  TimeNs false_since = kNoTime;              // firing while false: since when; else kNoTime
};

// What is seen at one instant. Instants come in ascending order, each once.
struct AlertLook {
  TimeNs at = kNoTime;
  bool holds = false;  // the condition's value
  bool ended = false;  // by a clear, or forgotten: keep_firing_for does not apply
};

// Advances `*status` over one instant and says which state was entered there, if any. At most one
// transition happens at an instant; a `for` of zero enters kFiring without kPending.
std::optional<AlertState> AdvanceAlert(const AlertPolicy& policy, const AlertLook& look,
                                       AlertStatus* status);

// When the timer that runs, if any, runs out; kNever if none does.
TimeNs NextAlertTimer(const AlertPolicy& policy, const AlertStatus& status);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_ALERT_ALERT_MACHINE_H_
