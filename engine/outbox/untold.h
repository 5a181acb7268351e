// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_OUTBOX_UNTOLD_H_
#define TALLYBELL_ENGINE_OUTBOX_UNTOLD_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/model/alert.h"

namespace tallybell {

// A state of an alert that one receiver has not accepted, for people to look at (docs/history.md,
// "What waits"). A plain value.
struct Untold {
  std::string id;  // 12 hex digits; the same as long as it is untold, also over a restart
  std::string receiver;
  bool end = false;                    // its end is what is to be told next; else its firing
  bool parked = false;                 // a dead letter: it is not tried again
  std::shared_ptr<const Alert> alert;  // never null
  // Wall clock; kNoTime where there is no such thing.
  TimeNs offered_at = kNoTime;    // the first attempt
  TimeNs next_attempt = kNoTime;  // not before this; kNoTime: as soon as the receiver takes it
  int attempts = 0;
  std::string answer;  // of the last attempt; of what is parked, why it is

  // When that state began.
  TimeNs since() const { return end ? alert->ends_at : alert->starts_at; }
};

// The id of a receiver's episode. Pure.
std::string UntoldId(absl::string_view receiver, int64_t episode);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_OUTBOX_UNTOLD_H_
