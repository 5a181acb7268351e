// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_OUTBOX_BACK_OFF_H_
#define TALLYBELL_ENGINE_OUTBOX_BACK_OFF_H_

#include <cstdint>
#include <random>

#include "engine/base/time_ns.h"

namespace tallybell {

// How long to leave a receiver alone: twice as long after each failure, from a second to three
// quarters of a minute, and spread at random, so that many senders do not come back together. What
// waits is told within a minute after a receiver is back, however long it was away.
class BackOff {
 public:
  static constexpr DurationNs kFirst = kSecond;
  static constexpr DurationNs kMaxOutage = 45 * kSecond;
  // Where only a person mends it, and the most that a receiver may ask for.
  static constexpr DurationNs kMax = 5 * kMinute;

  // The same seed gives the same waits.
  explicit BackOff(uint64_t seed) : random_(seed) {}

  // After one more failure: three quarters to all of the doubled wait.
  DurationNs Next();
  // After a failure that only a person mends: at once three quarters to all of kMax.
  DurationNs Longest();
  // After a failure whose answer says how long: that, up to a tenth more, at most kMax.
  DurationNs AsAsked(DurationNs retry_after);
  // After a success.
  void Reset() { next_ = kFirst; }

 private:
  // A number from 0 to `most`.
  DurationNs Spread(DurationNs most);

  std::mt19937_64 random_;
  DurationNs next_ = kFirst;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_OUTBOX_BACK_OFF_H_
