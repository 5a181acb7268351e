// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_PARSE_STAMP_H_
#define TALLYBELL_ENGINE_PARSE_STAMP_H_

#include <cstdint>

#include "engine/base/time_ns.h"

namespace tallybell {

// The time that a line states, as far as it states one: glog leaves out the year and the zone. A
// plain value; SourceClock makes an instant of it.
struct Stamp {
  // The instant itself, where the line states that; the rest then means nothing.
  TimeNs instant = kNoTime;

  int32_t year = 0;  // 1 to 9999; 0: not stated
  int8_t month = 1;
  int8_t day = 1;
  int8_t hour = 0;
  int8_t minute = 0;
  int8_t second = 0;  // up to 60: a leap second
  bool has_zone = false;
  int32_t utc_offset_seconds = 0;  // east of UTC, if has_zone
  int32_t nanos = 0;

  static Stamp At(TimeNs instant) {
    Stamp stamp;
    stamp.instant = instant;
    return stamp;
  }
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_STAMP_H_
