// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/runtime_stamp.h"

#include "absl/status/statusor.h"

namespace tallybell {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Seconds east of UTC of an RFC 3339 time that is known to be well formed.
int UtcOffsetSeconds(absl::string_view rfc3339) {
  const char last = rfc3339.back();
  if (last == 'Z' || last == 'z') return 0;
  const absl::string_view offset = rfc3339.substr(rfc3339.size() - 6);  // +hh:mm
  const auto two_digits = [offset](int at) {
    return (offset[at] - '0') * 10 + (offset[at + 1] - '0');
  };
  const int seconds = (two_digits(1) * 60 + two_digits(4)) * 60;
  return offset[0] == '-' ? -seconds : seconds;
}

int FractionDigits(absl::string_view rfc3339) {
  const size_t point = rfc3339.find('.');
  if (point == absl::string_view::npos) return 0;
  size_t at = point + 1;
  while (at < rfc3339.size() && IsDigit(rfc3339[at])) ++at;
  return static_cast<int>(at - point - 1);
}

}  // namespace

bool TakeRuntimeStamp(absl::string_view* rest, RuntimeStamp* stamp) {
  // The shortest has 20 characters; the longest, nine fraction digits and an offset, has 35.
  static constexpr size_t kLongest = 35;
  if (rest->empty() || !IsDigit(rest->front())) return false;
  const absl::string_view front = rest->substr(0, kLongest + 1);
  const absl::string_view word = front.substr(0, front.find_first_of(" \r"));
  if (word.size() > kLongest) return false;
  const absl::StatusOr<TimeNs> time = ParseRfc3339(word);
  if (!time.ok()) return false;
  stamp->time = *time;
  stamp->utc_offset_seconds = UtcOffsetSeconds(word);
  stamp->fraction_digits = FractionDigits(word);
  rest->remove_prefix(word.size());
  if (!rest->empty() && rest->front() == ' ') rest->remove_prefix(1);
  return true;
}

}  // namespace tallybell
