// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_OUTBOX_RECEIVER_STANDING_H_
#define TALLYBELL_ENGINE_OUTBOX_RECEIVER_STANDING_H_

#include <cstdint>
#include <string>

#include "engine/base/time_ns.h"

namespace tallybell {

// How one receiver stands, in a few numbers: what the status page shows of it. It costs a walk over
// what waits, but no copy of it. A plain value.
struct ReceiverStanding {
  std::string receiver;
  int64_t waiting = 0;  // episodes with something that it has not accepted, and may yet
  int64_t parked = 0;   // episodes that it will not be told
  // Of what waits; wall clock. kNoTime where there is no such thing.
  TimeNs offered_at = kNoTime;    // the first attempt at what was offered first
  TimeNs next_attempt = kNoTime;  // of that; kNoTime: it is being told, or told next
  int attempts = 0;               // of that
  std::string answer;             // of its last attempt, which failed
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_OUTBOX_RECEIVER_STANDING_H_
