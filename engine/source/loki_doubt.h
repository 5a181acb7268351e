// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_LOKI_DOUBT_H_
#define TALLYBELL_ENGINE_SOURCE_LOKI_DOUBT_H_

#include <optional>

#include "engine/base/time_ns.h"

namespace tallybell {

// Since when what a Loki stores may have grown behind our back, and when to read it again for that.
// After a gap of any kind clients send what they kept, each when its own back-off is over; and
// where one line came late others did, of which the tail does not tell. So what is in doubt is read
// again some times, each after twice as long, without waiting for the passes that look back
// farther.
//
// Pure; a plain value. Used by one thread.
class LokiDoubt {
 public:
  // Longer gaps are for the passes: docs/loki.md, "Late lines".
  static constexpr DurationNs kMost = 15 * kMinute;

  // What is not before `from` may have grown at `mono`, a monotonic time. While it is in doubt
  // already that only adds to it: however often lines come late, they are read a few times more.
  void Raise(TimeNs from, TimeNs mono);

  // From where to read again at `mono`, as far as `settled`; no later than that. Each time is told
  // once.
  std::optional<TimeNs> Due(TimeNs settled, TimeNs mono);

  // The monotonic time when something is due; kNever if nothing is.
  TimeNs next() const { return due_at_; }

 private:
  void Begin(TimeNs from, TimeNs mono);

  TimeNs from_ = kNever;   // in doubt
  TimeNs later_ = kNever;  // raised meanwhile: the next doubt
  DurationNs wait_ = 0;
  TimeNs due_at_ = kNever;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_LOKI_DOUBT_H_
