// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_LOKI_DOUBT_H_
#define TALLYBELL_ENGINE_SOURCE_LOKI_DOUBT_H_

#include <optional>

#include "engine/base/time_ns.h"

namespace tallybell {

// Since when what a Loki stores may have grown behind our back, and when to read it again for that.
// After a gap of any kind clients send what they kept, each when its own back-off is over, and a
// Loki that starts may not show at once all that it has; where one line came late others did, of
// which the tail does not tell. So what is in doubt is read again some times, each after twice as
// long, without waiting for the passes that look back farther.
//
// Pure; a plain value. Used by one thread.
class LokiDoubt {
 public:
  // Longer gaps are for the passes: docs/loki.md, "Late lines".
  static constexpr DurationNs kMost = 15 * kMinute;

  // A line came late at `mono`, a monotonic time, so others that are not before `from` may have.
  // They are looked for for a minute. While they are that only adds to it: however often lines come
  // late, they are read a few times more.
  void NoteLate(TimeNs from, TimeNs mono);

  // Something was cut. Clients whose back-off has grown long come only minutes later, and each gap
  // has clients of its own; of so many that begin one soon after the other, some share their times.
  void NoteGap(TimeNs from, TimeNs mono);

  // From where to read again at `mono`, as far as `settled`; no later than that. Each time is told
  // once.
  std::optional<TimeNs> Due(TimeNs settled, TimeNs mono);

  // The monotonic time when something is due; kNever if nothing is.
  TimeNs next() const;

  // What is earlier is in no doubt; kNever: nothing is.
  TimeNs from() const;

 private:
  static constexpr int kGaps = 3;  // that have their own times

  struct Series {
    bool rests() const { return due_at == kNever; }
    void Begin(TimeNs begin, TimeNs mono);
    void Raise(TimeNs begin, TimeNs mono);
    void Advance(TimeNs mono);

    DurationNs longest = 0;  // wait
    TimeNs from = kNever;    // in doubt
    TimeNs later = kNever;   // raised meanwhile: the next doubt
    DurationNs wait = 0;
    TimeNs due_at = kNever;
  };

  // After 2, 6, 14, 30 and 62 seconds; a gap's after 126 and 254 seconds, too.
  Series late_{32 * kSecond};
  Series gaps_[kGaps] = {{128 * kSecond}, {128 * kSecond}, {128 * kSecond}};
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_LOKI_DOUBT_H_
