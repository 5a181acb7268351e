// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/zone_clock.h"

#include <cstdlib>

#include "absl/time/civil_time.h"

namespace tallybell {
namespace {

const absl::CivilSecond kEpoch(1970, 1, 1);

}  // namespace

ZoneClock::Instants ZoneClock::InstantsOf(int64_t local_seconds) const {
  const absl::TimeZone::TimeInfo info = zone_.At(kEpoch + local_seconds);
  const int64_t first = absl::ToUnixSeconds(info.pre);
  const bool twice = info.kind == absl::TimeZone::TimeInfo::REPEATED;
  return {first, twice ? absl::ToUnixSeconds(info.post) : first};
}

ZoneClock::Quiet ZoneClock::QuietAround(int64_t seconds) const {
  const absl::Time time = absl::FromUnixSeconds(seconds);
  Quiet quiet;
  quiet.offset = zone_.At(time).offset;
  absl::TimeZone::CivilTransition turn;
  // A turn by d seconds leaves no doubt about instants from d before to d after it.
  if (zone_.PrevTransition(time + absl::Seconds(1), &turn)) {
    quiet.from = (turn.to - kEpoch) - quiet.offset + std::llabs(turn.to - turn.from);
  }
  if (zone_.NextTransition(time, &turn)) {
    quiet.to = (turn.from - kEpoch) - quiet.offset - std::llabs(turn.to - turn.from);
  }
  return quiet;
}

}  // namespace tallybell
