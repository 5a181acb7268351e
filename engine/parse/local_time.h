// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Arithmetic with stamps whose year or zone is not known yet. Local time is counted as if it were
// UTC: seconds from 1970-01-01 00:00:00 on the writer's clock. All functions are pure.
#ifndef TALLYBELL_ENGINE_PARSE_LOCAL_TIME_H_
#define TALLYBELL_ENGINE_PARSE_LOCAL_TIME_H_

#include <algorithm>
#include <cstdint>
#include <optional>

#include "engine/base/time_ns.h"
#include "engine/parse/civil.h"
#include "engine/parse/stamp.h"

namespace tallybell {

inline constexpr int64_t kDaySeconds = 86'400;

inline int64_t FloorSeconds(TimeNs time) {
  const int64_t seconds = time / kSecond;
  return time % kSecond < 0 ? seconds - 1 : seconds;
}

// Held within what a TimeNs can say, short of kNoTime and kNever.
inline TimeNs FromSeconds(int64_t seconds, int64_t nanos) {
  constexpr int64_t kMost = kNever / kSecond - 1;
  return std::clamp(seconds, -kMost, kMost) * kSecond + nanos;
}

// The fraction of the stamp's second. Leap seconds are held within the second before them.
inline int64_t FractionNanos(const Stamp& stamp) {
  return stamp.second == 60 ? kSecond - 1 : stamp.nanos;
}

// Seconds from midnight.
inline int64_t SecondOfDay(const Stamp& stamp) {
  return stamp.hour * 3600 + stamp.minute * 60 + std::min<int>(stamp.second, 59);
}

// The local time of the stamp in that year.
inline int64_t LocalSeconds(const Stamp& stamp, int year) {
  return DaysFromCivil(year, stamp.month, stamp.day) * kDaySeconds + SecondOfDay(stamp);
}

// The year that an instant or a local time lies in, from 1 to 9999.
int YearAt(int64_t seconds);

// The year that brings the stamp nearest to the local time `near`, best one in which it is from
// `from` to `to`. A 29 February needs a leap year, which may be up to eight years away.
int NearestYear(const Stamp& stamp, int64_t near, int64_t from, int64_t to);
int NearestYear(const Stamp& stamp, TimeNs near);

// The offset from UTC that makes `local` the instant `near`, but for the little while that a line
// takes to whoever wrote down `near`; none if no zone of the world has such an offset.
std::optional<int64_t> OffsetThatFits(int64_t local, int64_t near);

// The stamp of a line that stands within a line with a stamp of its own, such as a glog line in
// syslog. `inner` is the more precise one and wins; `outer` completes it where it knows the year or
// the zone and `inner` does not. Where neither knows its zone and they differ as zones do, the
// source's zone is that of `outer`, which is taken then: docs/semantics.md, "Time of a record".
Stamp EnclosedStamp(const Stamp& inner, const Stamp& outer);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_LOCAL_TIME_H_
