// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/clock.h"

#include <time.h>

namespace tallybell {
namespace {

TimeNs Read(clockid_t id) {
  timespec ts;
  clock_gettime(id, &ts);
  return ts.tv_sec * kSecond + ts.tv_nsec;
}

}  // namespace

TimeNs SystemClock::Now() const { return Read(CLOCK_REALTIME); }

TimeNs SystemClock::Monotonic() const { return Read(CLOCK_BOOTTIME); }

}  // namespace tallybell
