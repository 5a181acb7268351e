// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Local time of one zone, in whole seconds.
#ifndef TALLYBELL_ENGINE_PARSE_ZONE_CLOCK_H_
#define TALLYBELL_ENGINE_PARSE_ZONE_CLOCK_H_

#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace tallybell {

// Local time is counted as if it were UTC: seconds from 1970-01-01 00:00:00 on the local clock.
// A plain value; thread-safe.
class ZoneClock {
 public:
  // The instants, in seconds since the epoch, at which the local clock shows one time: two where it
  // shows it twice, else twice the same. A time that it skips is the one that the clock would show
  // had it not been set forward.
  struct Instants {
    int64_t first;
    int64_t second;
  };

  // A stretch of instants [from, to) around which the clock is not set: within it a local time is
  // an instant plus `offset`, and belongs to no other instant.
  struct Quiet {
    int64_t from = std::numeric_limits<int64_t>::min();
    int64_t to = std::numeric_limits<int64_t>::max();
    int64_t offset = 0;  // seconds east of UTC

    bool Holds(int64_t seconds) const { return seconds >= from && seconds < to; }
  };

  explicit ZoneClock(absl::TimeZone zone) : zone_(zone) {}

  Instants InstantsOf(int64_t local_seconds) const;

  // The longest quiet stretch near `seconds`; where the clock is being set it does not hold
  // `seconds`, and may be empty.
  Quiet QuietAround(int64_t seconds) const;

 private:
  absl::TimeZone zone_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_ZONE_CLOCK_H_
