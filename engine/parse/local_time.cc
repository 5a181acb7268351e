// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/local_time.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "absl/time/civil_time.h"

namespace tallybell {
namespace {

// How long a line may take to whoever puts a second stamp on it.
constexpr int64_t kOnItsWay = 5 * 60;

// Whether some zone of the world is that many seconds east of UTC.
bool IsUtcOffset(int64_t seconds) {
  if (seconds % 3600 == 0) return seconds >= -12 * 3600 && seconds <= 14 * 3600;
  static constexpr int kMinutes[] = {-570, -210, -150, 210, 270, 330, 345,
                                     390,  525,  570,  630, 765, 825};
  return std::find(std::begin(kMinutes), std::end(kMinutes), seconds / 60) != std::end(kMinutes) &&
         seconds % 60 == 0;
}

int YearNear(const Stamp& stamp, int64_t seconds) {
  return NearestYear(stamp, seconds, INT64_MIN, INT64_MAX);
}

// The stamp of a line within one whose instant is known.
Stamp EnclosedAt(const Stamp& inner, int64_t near, int64_t outer_offset) {
  const int year = inner.year != 0 ? inner.year : YearNear(inner, near);
  const int64_t local = LocalSeconds(inner, year);
  const int64_t offset = inner.has_zone ? inner.utc_offset_seconds
                                        : OffsetThatFits(local, near).value_or(outer_offset);
  return Stamp::At(FromSeconds(local - offset, FractionNanos(inner)));
}

}  // namespace

int YearAt(int64_t seconds) {
  const int64_t year = (absl::CivilSecond(1970, 1, 1) + seconds).year();
  return static_cast<int>(std::clamp<int64_t>(year, 1, 9999));
}

int NearestYear(const Stamp& stamp, int64_t near, int64_t from, int64_t to) {
  const bool leap_day = stamp.month == 2 && stamp.day == 29;
  const int middle = YearAt(near);
  int best = middle;
  int64_t best_distance = 0;
  bool best_fits = false;
  bool any = false;
  for (int year = std::max(1, middle - 8); year <= std::min(9999, middle + 8); ++year) {
    if (leap_day && !IsLeapYear(year)) continue;
    const int64_t seconds = LocalSeconds(stamp, year);
    const int64_t distance = std::llabs(seconds - near);
    const bool fits = seconds >= from && seconds <= to;
    if (any && (fits < best_fits || (fits == best_fits && distance > best_distance))) continue;
    any = true;
    best = year;
    best_distance = distance;
    best_fits = fits;
  }
  return best;
}

int NearestYear(const Stamp& stamp, TimeNs near) { return YearNear(stamp, FloorSeconds(near)); }

std::optional<int64_t> OffsetThatFits(int64_t local, int64_t near) {
  constexpr int64_t kQuarter = 15 * 60;
  const int64_t apart = local - near;
  const int64_t offset = (apart + (apart < 0 ? -1 : 1) * kQuarter / 2) / kQuarter * kQuarter;
  if (!IsUtcOffset(offset) || std::llabs(apart - offset) >= kOnItsWay) return std::nullopt;
  return offset;
}

Stamp EnclosedStamp(const Stamp& inner, const Stamp& outer) {
  if (inner.instant != kNoTime || (inner.year != 0 && inner.has_zone)) return inner;
  if (outer.instant != kNoTime) return EnclosedAt(inner, FloorSeconds(outer.instant), 0);
  if (outer.year != 0 && outer.has_zone) {
    const int64_t near = LocalSeconds(outer, outer.year) - outer.utc_offset_seconds;
    return EnclosedAt(inner, near, outer.utc_offset_seconds);
  }
  if (inner.has_zone) return inner;
  // Two clocks of unknown zones. Some year is needed to compare them: a leap year takes any date.
  constexpr int kSomeLeapYear = 2000;
  Stamp whole = outer;
  Stamp result = inner;
  if (whole.year == 0) {
    const int year = inner.year != 0 ? inner.year : kSomeLeapYear;
    whole.year = YearNear(outer, LocalSeconds(inner, year));
  }
  const int64_t near = LocalSeconds(whole, whole.year);
  if (result.year == 0) result.year = YearNear(inner, near);
  const int64_t apart = LocalSeconds(result, result.year) - near;
  const bool same_clock = std::llabs(apart) < kOnItsWay;
  const bool fits = OffsetThatFits(apart, 0).has_value() || OffsetThatFits(-apart, 0).has_value();
  if (!same_clock && fits) result = whole;
  if (inner.year == 0 && outer.year == 0) result.year = 0;
  return result;
}

}  // namespace tallybell
