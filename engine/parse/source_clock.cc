// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/source_clock.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/parse/local_time.h"

namespace tallybell {
namespace {

// Two years in which a date is the same distance away are both farther than this.
constexpr int64_t kSurelyNearest = 180 * kDaySeconds;
// Zones differ by up to 14 hours, and a file's own times are not exact.
constexpr DurationNs kReferenceSlack = kDay;

}  // namespace

SourceClock::SourceClock(const Options& options)
    : options_(options), zone_(options.zone.value_or(absl::UTCTimeZone())) {}

Stamp SourceClock::InEnvelope(const Stamp& stamp, TimeNs time, int utc_offset_seconds) const {
  if (stamp.instant != kNoTime || time == kNoTime) return stamp;
  const int64_t local =
      LocalSeconds(stamp, stamp.year != 0 ? stamp.year : NearestYear(stamp, time));
  if (stamp.has_zone) {
    return Stamp::At(FromSeconds(local - stamp.utc_offset_seconds, FractionNanos(stamp)));
  }
  if (const std::optional<int64_t> offset = OffsetThatFits(local, FloorSeconds(time))) {
    return Stamp::At(FromSeconds(local - *offset, FractionNanos(stamp)));
  }
  if (!options_.zone.has_value()) {
    return Stamp::At(FromSeconds(local - utc_offset_seconds, FractionNanos(stamp)));
  }
  const ZoneClock::Instants instants = zone_.InstantsOf(local);
  const int64_t near = FloorSeconds(time);
  const bool first = std::llabs(instants.first - near) <= std::llabs(instants.second - near);
  return Stamp::At(FromSeconds(first ? instants.first : instants.second, FractionNanos(stamp)));
}

void SourceClock::FileBegins(const Stamp& created) {
  if (options_.first_year != 0) return;
  if (created.instant != kNoTime) {
    file_begins_ = created.instant;
  } else if (created.year != 0) {
    file_begins_ = Place(created, created.year);
  }
}

TimeNs SourceClock::NextMark(const Stamp& mark, const std::optional<Stamp>& following,
                             TimeNs arrival) {
  const bool anew = mark_ == kNoTime || file_begins_ != kNoTime;
  const TimeNs stated = anew ? AtBeginning(mark, arrival) : InOrder(mark);
  following_ = following.has_value() ? OfFollowing(*following, stated) : kNoTime;
  TimeNs bound = kNoTime;
  if (following.has_value()) {
    bound = AddNs(std::max(mark_, following_), options_.max_future);
  } else if (mark_ != kNoTime && options_.ends >= mark_) {
    bound = AddNs(options_.ends, options_.max_future);
  }
  const TimeNs time = Bounded(stated, arrival, bound);
  file_begins_ = kNoTime;
  OpenSegment(time);
  last_ = time;
  if (time == stated) latest_ = std::max(latest_, time);
  needs_every_ = true;
  if (following.has_value()) {
    const TimeNs nearest = InSegment(*following);
    const TimeNs from = SubtractNs(std::min(time, nearest), options_.lateness);
    const TimeNs to = AddNs(std::max(time, nearest), options_.lateness);
    const bool steps_back = nearest < SubtractNs(time, options_.lateness);
    const bool quiet = quiet_.Holds(FloorSeconds(from)) && quiet_.Holds(FloorSeconds(to));
    needs_every_ = steps_back || !quiet;
  }
  return time;
}

TimeNs SourceClock::Resolve(const Stamp& stamp, TimeNs arrival) {
  if (mark_ == kNoTime) return NextMark(stamp, std::nullopt, arrival);
  if (!needs_every_) return Bounded(InSegment(stamp), arrival, bound_);
  const TimeNs stated = InOrder(stamp);
  const TimeNs time = Bounded(stated, arrival, bound_);
  // A stamp that is wrong says nothing about those after it.
  if (time != stated) return time;
  last_ = time;
  latest_ = std::max(latest_, time);
  return time;
}

// The year of a stamp that comes soon before or after `near`; `guess` is often that.
int SourceClock::YearOf(const Stamp& stamp, TimeNs near, int guess) {
  if (stamp.year != 0) return stamp.year;
  const bool leap_day = stamp.month == 2 && stamp.day == 29;
  const int64_t distance = std::llabs(LocalSeconds(stamp, guess) - FloorSeconds(near));
  return !leap_day && distance < kSurelyNearest ? guess : NearestYear(stamp, near);
}

// The instant of a stamp whose year is known. A local time that comes twice is its first occurrence
// until the stamps before it show that this has passed.
TimeNs SourceClock::Place(const Stamp& stamp, int year) const {
  if (stamp.instant != kNoTime) return stamp.instant;
  const int64_t local = LocalSeconds(stamp, year);
  if (stamp.has_zone) return FromSeconds(local - stamp.utc_offset_seconds, FractionNanos(stamp));
  const int64_t usual = local - quiet_.offset;
  if (quiet_.Holds(usual)) return FromSeconds(usual, FractionNanos(stamp));
  const ZoneClock::Instants instants = zone_.InstantsOf(local);
  const TimeNs first = FromSeconds(instants.first, FractionNanos(stamp));
  if (instants.first == instants.second || latest_ == kNoTime ||
      first >= SubtractNs(latest_, options_.lateness)) {
    return first;
  }
  return FromSeconds(instants.second, FractionNanos(stamp));
}

// The instant of a stamp that follows the one resolved last.
TimeNs SourceClock::InOrder(const Stamp& stamp) {
  if (stamp.instant != kNoTime) return stamp.instant;
  last_year_ = YearOf(stamp, last_, last_year_);
  return Place(stamp, last_year_);
}

// The instant of a stamp in the open segment, by integer arithmetic nearly always.
TimeNs SourceClock::InSegment(const Stamp& stamp) {
  if (stamp.instant != kNoTime) return stamp.instant;
  const bool open = stamp.year == 0 && !stamp.has_zone;
  if (open && stamp.month == day_.month && stamp.day == day_.day) {
    return FromSeconds(day_.begins + SecondOfDay(stamp), FractionNanos(stamp));
  }
  const int year = YearOf(stamp, mark_, mark_year_);
  if (open) LearnDay(stamp, year);
  return Place(stamp, year);
}

// Takes the day of the stamp for the next ones, if what holds for it holds for all of the day.
void SourceClock::LearnDay(const Stamp& stamp, int year) {
  if (year != mark_year_ || (stamp.month == 2 && stamp.day == 29)) return;
  const int64_t local = LocalSeconds(stamp, year) - SecondOfDay(stamp);
  const int64_t from_mark = local - FloorSeconds(mark_);
  const bool near =
      std::max(std::llabs(from_mark), std::llabs(from_mark + kDaySeconds)) < kSurelyNearest;
  const int64_t begins = local - quiet_.offset;
  if (!near || !quiet_.Holds(begins) || !quiet_.Holds(begins + kDaySeconds)) return;
  day_ = {stamp.month, stamp.day, begins};
}

// The instant of the first mark of the source or of a file of it.
TimeNs SourceClock::AtBeginning(const Stamp& stamp, TimeNs arrival) const {
  if (stamp.year != 0 || stamp.instant != kNoTime) return Place(stamp, stamp.year);
  if (options_.first_year != 0) {
    const int64_t middle = LocalSeconds(stamp, options_.first_year);
    const bool leap_day = stamp.month == 2 && stamp.day == 29;
    return Place(stamp,
                 leap_day ? NearestYear(stamp, middle, INT64_MIN, INT64_MAX) : options_.first_year);
  }
  if (file_begins_ != kNoTime) {
    const int64_t begins = FloorSeconds(file_begins_);
    const int64_t from = FloorSeconds(SubtractNs(file_begins_, kReferenceSlack));
    return Place(stamp, NearestYear(stamp, begins, from, INT64_MAX));
  }
  const TimeNs ends = options_.ends != kNoTime ? options_.ends : arrival;
  if (ends == kNoTime) return Place(stamp, NearestYear(stamp, TimeNs{0}));
  const int64_t to = FloorSeconds(AddNs(ends, kReferenceSlack));
  return Place(stamp, NearestYear(stamp, FloorSeconds(ends), INT64_MIN, to));
}

// The instant of the mark after `mark`, as far as it can be told before what lies between them.
TimeNs SourceClock::OfFollowing(const Stamp& following, TimeNs mark) const {
  if (following.instant != kNoTime) return following.instant;
  const TimeNs nearest = Place(following, YearOf(following, mark, last_year_));
  if (following.year != 0) return nearest;
  const TimeNs earliest = mark_ == kNoTime ? mark : std::min(mark, mark_);
  if (nearest >= SubtractNs(earliest, kDay)) return nearest;
  // It would be earlier than both marks before it: then more than half a year lies between them.
  const int64_t seconds = FloorSeconds(mark);
  return Place(following, NearestYear(following, seconds, seconds - kDaySeconds, INT64_MAX));
}

// `time`, or the bound if it is beyond that.
TimeNs SourceClock::Bounded(TimeNs time, TimeNs arrival, TimeNs other_bound) {
  const TimeNs bound = arrival != kNoTime ? AddNs(arrival, options_.max_future) : other_bound;
  if (bound == kNoTime || time <= bound) return time;
  ++clamped_;
  return bound;
}

void SourceClock::BoundSegment() {
  bound_ =
      following_ == kNoTime ? kNoTime : AddNs(std::max(mark_, following_), options_.max_future);
}

void SourceClock::OpenSegment(TimeNs mark) {
  mark_ = mark;
  day_ = Day();
  BoundSegment();
  const int64_t seconds = FloorSeconds(mark);
  mark_year_ = last_year_ = YearAt(seconds);
  if (!quiet_.Holds(seconds)) quiet_ = zone_.QuietAround(seconds);
}

std::string SourceClock::Encode() const {
  return absl::StrCat("1 ", mark_, " ", following_, " ", last_, " ", latest_, " ", file_begins_,
                      " ", needs_every_ ? 1 : 0);
}

absl::Status SourceClock::Decode(absl::string_view text) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, ' ');
  constexpr size_t kWords = 7;
  int64_t numbers[kWords];
  bool good = words.size() == kWords;
  for (size_t i = 0; good && i < kWords; ++i) good = absl::SimpleAtoi(words[i], &numbers[i]);
  if (!good || numbers[0] != 1) {
    return absl::InvalidArgumentError("not the state of a source's clock");
  }
  if (numbers[1] == kNoTime) {
    mark_ = kNoTime;
  } else {
    OpenSegment(numbers[1]);
  }
  following_ = numbers[2];
  BoundSegment();
  last_ = numbers[3];
  latest_ = numbers[4];
  file_begins_ = numbers[5];
  needs_every_ = numbers[6] != 0;
  return absl::OkStatus();
}

}  // namespace tallybell
