// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_CLOCK_OFFSET_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_CLOCK_OFFSET_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "engine/base/time_ns.h"

namespace tallybell {

// How far the times that a live source states are off the wall clock, while it is read as it is
// written. What is steadily off by minutes has the wrong zone or a clock that is wrong, and its
// windows do not meet those of the others. Pure: every time is an argument.
class SourceClockOffset {
 public:
  static constexpr DurationNs kSpan = kMinute;  // the median is taken of so much
  static constexpr size_t kMaxNotes = 512;      // and of so many, the newest
  static constexpr DurationNs kTolerated = 5 * kMinute;
  static constexpr int kSteadyNotes = 10;  // in a row, or for kSpan

  // A record that came at `arrival` states the time `stated`; `monotonic` never steps back.
  void Note(TimeNs stated, TimeNs arrival, TimeNs monotonic);

  // Stated time minus arrival, the median of the last minute; the last known one where nothing
  // came in it, and nullopt before the first.
  std::optional<DurationNs> Median(TimeNs monotonic);

  // Whether it has come to be steadily off: true once.
  bool TakeWarning();
  DurationNs warned_offset() const { return warned_offset_; }

  // A whole number of quarter hours that `offset` is within 2 minutes of, as a zone is east of
  // another: "+02:00". Empty if it is none, and where no two zones are so far apart.
  static std::string ZoneDifference(DurationNs offset);

 private:
  struct Entry {
    TimeNs monotonic;
    DurationNs offset;
  };

  std::deque<Entry> entries_;
  std::optional<DurationNs> median_;
  int off_notes_ = 0;  // in a row, on one side
  bool off_ahead_ = false;
  TimeNs off_since_ = kNoTime;  // monotonic
  bool warned_ = false;
  bool warning_ = false;
  DurationNs warned_offset_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_CLOCK_OFFSET_H_
