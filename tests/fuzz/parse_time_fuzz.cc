// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Eight bytes as a local time of several zones, and the rest as lines of stamps: the library of
// time zones and the reader of RFC 3339 agree.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "engine/base/time_ns.h"
#include "engine/parse/date_stamp.h"
#include "engine/parse/local_time.h"
#include "engine/parse/zone_clock.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Require;
using tallybell::Stamp;
using tallybell::ZoneClock;

// Those that are set by an hour, by half an hour, by a day, backwards, and never.
const std::vector<absl::TimeZone>& Zones() {
  static const std::vector<absl::TimeZone>* const kZones = [] {
    auto* const zones = new std::vector<absl::TimeZone>();
    for (const char* const name : {"America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
                                   "Europe/Dublin", "Asia/Kathmandu", "UTC"}) {
      Require(absl::LoadTimeZone(name, &zones->emplace_back()));
    }
    return zones;
  }();
  return *kZones;
}

void CheckZone(const absl::TimeZone& zone, int64_t local) {
  const ZoneClock clock(zone);
  const absl::TimeZone::TimeInfo theirs = zone.At(absl::CivilSecond(1970, 1, 1) + local);
  const ZoneClock::Instants ours = clock.InstantsOf(local);
  Require(ours.first == absl::ToUnixSeconds(theirs.pre));
  const bool twice = theirs.kind == absl::TimeZone::TimeInfo::REPEATED;
  Require(ours.second == absl::ToUnixSeconds(twice ? theirs.post : theirs.pre));

  const ZoneClock::Quiet quiet = clock.QuietAround(local);
  if (!quiet.Holds(local)) return;
  for (const int64_t instant : {local, std::max(quiet.from, local - 40'000'000),
                                std::min(quiet.to - 1, local + 40'000'000)}) {
    Require(zone.At(absl::FromUnixSeconds(instant)).offset == quiet.offset);
    const ZoneClock::Instants back = clock.InstantsOf(instant + quiet.offset);
    Require(back.first == instant && back.second == instant);
  }
}

void CheckStamp(absl::string_view line) {
  Stamp stamp;
  const size_t size = tallybell::ParseDateStamp(line, &stamp);
  Require(size <= line.size());
  if (size == 0) return;
  Require(stamp.month >= 1 && stamp.month <= 12 && stamp.day >= 1 && stamp.day <= 31);
  Require(stamp.nanos >= 0 && stamp.nanos < tallybell::kSecond && stamp.second <= 60);
  const auto theirs = tallybell::ParseRfc3339(line.substr(0, size));
  if (!theirs.ok() || stamp.second == 60) return;
  Require(stamp.has_zone);
  const int64_t seconds = tallybell::LocalSeconds(stamp, stamp.year) - stamp.utc_offset_seconds;
  Require(tallybell::FloorSeconds(*theirs) == seconds);
  Require(*theirs - seconds * tallybell::kSecond == stamp.nanos);
}

void CheckYears(absl::string_view line, int64_t near) {
  Stamp stamp;
  if (tallybell::ParseDateStamp(line, &stamp) == 0) return;
  const int year = tallybell::NearestYear(stamp, near * tallybell::kSecond);
  // No other year brings it nearer.
  const auto distance = [&stamp, near](int other) {
    return std::abs(tallybell::LocalSeconds(stamp, other) - near);
  };
  const bool leap_day = stamp.month == 2 && stamp.day == 29;
  Require(!leap_day || tallybell::IsLeapYear(year));
  for (const int other : {year - 1, year + 1}) {
    if (leap_day || other < 1 || other > 9999) continue;
    Require(distance(year) <= distance(other));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 8) return 0;
  int64_t local;
  std::memcpy(&local, data, sizeof(local));
  local %= 9'000'000'000;  // seconds: some 285 years
  for (const absl::TimeZone& zone : Zones()) CheckZone(zone, local);
  tallybell::FuzzInput input(data + 8, size - 8);
  while (!input.empty()) {
    const absl::string_view line = input.Line();
    CheckStamp(line);
    CheckYears(line, local);
    Stamp stamp;
    if (tallybell::ParseEpochStamp(line, &stamp)) {
      Require(stamp.instant >= 0 && stamp.instant != tallybell::kNever);
    }
  }
  return 0;
}
