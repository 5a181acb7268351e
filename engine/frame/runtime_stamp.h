// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The time that container runtimes put at the front of a line.
#ifndef TALLYBELL_ENGINE_FRAME_RUNTIME_STAMP_H_
#define TALLYBELL_ENGINE_FRAME_RUNTIME_STAMP_H_

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"

namespace tallybell {

struct RuntimeStamp {
  // From so many digits on it is a runtime's: those write nanoseconds, programs hardly ever do.
  static constexpr int kSurelyDigits = 7;

  TimeNs time = kNoTime;
  int utc_offset_seconds = 0;  // the zone that it is written in, east of UTC
  int fraction_digits = 0;
};

// Takes an RFC 3339 time and the space behind it, or the end of the line, off the front of `*rest`.
// False, and nothing is changed, if there is none.
bool TakeRuntimeStamp(absl::string_view* rest, RuntimeStamp* stamp);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_FRAME_RUNTIME_STAMP_H_
