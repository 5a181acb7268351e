// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/retry_after.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"

namespace tallybell {

DurationNs ParseRetryAfter(absl::string_view value, TimeNs now) {
  value = absl::StripAsciiWhitespace(value);
  if (value.empty() || value.size() > 64) return 0;
  if (std::all_of(value.begin(), value.end(), absl::ascii_isdigit)) {
    int64_t seconds = 0;
    if (!absl::SimpleAtoi(value, &seconds)) return kNever;  // more digits than 64 bits hold
    return seconds > kNever / kSecond ? kNever : seconds * kSecond;
  }
  absl::Time date;
  if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", std::string(value), &date, nullptr)) return 0;
  const absl::Duration wait = date - absl::FromUnixNanos(now);
  return std::max<DurationNs>(0, absl::ToInt64Nanoseconds(wait));
}

}  // namespace tallybell
