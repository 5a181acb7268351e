// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_TIMES_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_TIMES_H_

#include <optional>

#include "engine/base/time_ns.h"
#include "engine/parse/source_clock.h"
#include "engine/parse/stamp.h"

namespace tallybell {

// The times that one source states: its clock, led from mark to mark, and what that brought to
// light. Used by one thread at a time.
class SourceTimes {
 public:
  explicit SourceTimes(const SourceClock::Options& options) : clock_(options) {}

  // As SourceClock::NextMark.
  TimeNs PassMark(const Stamp& mark, const std::optional<Stamp>& following, TimeNs arrival) {
    last_mark_ = clock_.NextMark(mark, following, arrival);
    NoteFirst(last_mark_);
    return last_mark_;
  }

  // As SourceClock::Resolve.
  TimeNs Resolve(const Stamp& stamp, TimeNs arrival) {
    const TimeNs time = clock_.Resolve(stamp, arrival);
    NoteFirst(time);
    return time;
  }

  // Whether every stamp up to the next mark must be resolved, in the order in which they stand.
  bool in_order() const { return any_ && clock_.NeedsEveryStamp(); }
  // Whether the source has stated any time.
  bool any() const { return any_; }
  // The first time that it states, and that of its last mark; kNoTime before that.
  TimeNs first() const { return first_; }
  TimeNs last_mark() const { return last_mark_; }

  SourceClock& clock() { return clock_; }
  const SourceClock& clock() const { return clock_; }

  // After a restart.
  void Restore(bool any, TimeNs first, TimeNs last_mark) {
    any_ = any;
    first_ = first;
    last_mark_ = last_mark;
  }

 private:
  void NoteFirst(TimeNs time) {
    if (any_) return;
    any_ = true;
    first_ = time;
  }

  SourceClock clock_;
  bool any_ = false;
  TimeNs first_ = kNoTime;
  TimeNs last_mark_ = kNoTime;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_TIMES_H_
