// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/alert/alert_machine.h"

namespace tallybell {

std::optional<AlertState> AdvanceAlert(const AlertPolicy& policy, const AlertLook& look,
                                       AlertStatus* status) {
  if (look.holds) {
    if (status->state == AlertState::kFiring) {
      status->false_since = kNoTime;
      return std::nullopt;
    }
    const bool became_true = status->state == AlertState::kInactive;
    if (became_true) *status = {AlertState::kPending, look.at, kNoTime};
    // The count was looked at first, so a hold that runs out now has been held to its end.
    if (look.at >= AddNs(status->since, policy.hold)) {
      *status = {AlertState::kFiring, look.at, kNoTime};
      return AlertState::kFiring;
    }
    return became_true ? std::optional<AlertState>(AlertState::kPending) : std::nullopt;
  }

  switch (status->state) {
    case AlertState::kPending:
      *status = {};
      return AlertState::kInactive;
    case AlertState::kFiring:
      if (status->false_since == kNoTime) status->false_since = look.at;
      if (look.ended || look.at >= AddNs(status->false_since, policy.keep_firing_for)) {
        *status = {};
        return AlertState::kResolved;
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

TimeNs NextAlertTimer(const AlertPolicy& policy, const AlertStatus& status) {
  if (status.state == AlertState::kPending) return AddNs(status.since, policy.hold);
  if (status.state == AlertState::kFiring && status.false_since != kNoTime) {
    return AddNs(status.false_since, policy.keep_firing_for);
  }
  return kNever;
}

}  // namespace tallybell
