// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The wall clock, as an argument. Only main builds the real one; everything below takes an
// instant or a Clock, so that a test says what time it is.
#ifndef TALLYBELL_ENGINE_BASE_CLOCK_H_
#define TALLYBELL_ENGINE_BASE_CLOCK_H_

#include <atomic>

#include "engine/base/time_ns.h"

namespace tallybell {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // The wall clock: for stamps, leases and what a person reads. May step in either direction.
  virtual TimeNs Now() const = 0;

  // Nanoseconds since some fixed point; never steps back, counts time asleep. For back-off,
  // deadlines and latencies.
  virtual TimeNs Monotonic() const = 0;
};

class SystemClock : public Clock {
 public:
  TimeNs Now() const override;
  TimeNs Monotonic() const override;
};

// Stands still until told: both clocks advance together.
class ManualClock : public Clock {
 public:
  explicit ManualClock(TimeNs now) : now_(now) {}
  TimeNs Now() const override { return now_; }
  TimeNs Monotonic() const override { return now_; }
  void Set(TimeNs now) { now_ = now; }
  void Advance(DurationNs by) { now_ = AddNs(now_, by); }

 private:
  std::atomic<TimeNs> now_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_CLOCK_H_
