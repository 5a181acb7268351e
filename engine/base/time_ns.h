// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Instants and spans as 64-bit nanoseconds, their text forms, and arithmetic that cannot overflow.
//
// An instant is nanoseconds since 1970-01-01T00:00:00Z; it reaches from 1677-09-21 to 2262-04-11.
// All functions are pure and may be called from any thread.
#ifndef TALLYBELL_ENGINE_BASE_TIME_NS_H_
#define TALLYBELL_ENGINE_BASE_TIME_NS_H_

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tallybell {

using TimeNs = int64_t;
using DurationNs = int64_t;

// "Not known yet"; earlier than every instant.
inline constexpr TimeNs kNoTime = std::numeric_limits<int64_t>::min();
// "Never"; later than every instant.
inline constexpr TimeNs kNever = std::numeric_limits<int64_t>::max();

inline constexpr DurationNs kMicrosecond = 1'000;
inline constexpr DurationNs kMillisecond = 1'000 * kMicrosecond;
inline constexpr DurationNs kSecond = 1'000 * kMillisecond;
inline constexpr DurationNs kMinute = 60 * kSecond;
inline constexpr DurationNs kHour = 60 * kMinute;
inline constexpr DurationNs kDay = 24 * kHour;

// t + d and t - d, held at the ends of the range. kNoTime and kNever stay what they are.
inline TimeNs AddNs(TimeNs t, DurationNs d) {
  if (t == kNoTime || t == kNever) return t;
  TimeNs sum;
  if (__builtin_add_overflow(t, d, &sum)) return d > 0 ? kNever : kNoTime;
  return sum;
}
inline TimeNs SubtractNs(TimeNs t, DurationNs d) {
  if (t == kNoTime || t == kNever) return t;
  TimeNs difference;
  if (__builtin_sub_overflow(t, d, &difference)) return d > 0 ? kNoTime : kNever;
  return difference;
}

// "2024-05-01T12:32:30.426698000Z": RFC 3339, UTC, always nine digits.
std::string FormatRfc3339(TimeNs t);

// The same with milliseconds, as Alertmanager and Prometheus print instants.
std::string FormatRfc3339Millis(TimeNs t);

// RFC 3339 with any number of fraction digits (those after the ninth are cut), any offset, and
// lower-case t and z. InvalidArgument if `text` is anything else or out of range.
absl::StatusOr<TimeNs> ParseRfc3339(absl::string_view text);

// A duration as Prometheus writes it: "90s", "20m", "1h30m", "7d", "1w", "2y", "250ms", "0".
// Units come in descending order, each at most once. InvalidArgument otherwise.
absl::StatusOr<DurationNs> ParseDuration(absl::string_view text);

// The shortest form that ParseDuration reads back, down to milliseconds: "1h30m", "0s".
std::string FormatDuration(DurationNs d);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_TIME_NS_H_
