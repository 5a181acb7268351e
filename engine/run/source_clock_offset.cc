// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_clock_offset.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"

namespace tallybell {
namespace {

constexpr DurationNs kQuarter = 15 * kMinute;
constexpr DurationNs kNearQuarter = 2 * kMinute;
// From the Line Islands to Baker Island.
constexpr DurationNs kMostZones = 26 * kHour;

}  // namespace

void SourceClockOffset::Note(TimeNs stated, TimeNs arrival, TimeNs monotonic) {
  const DurationNs offset = SubtractNs(stated, arrival);
  entries_.push_back({monotonic, offset});
  if (entries_.size() > kMaxNotes) entries_.pop_front();
  const bool ahead = offset > 0;
  if (offset <= kTolerated && offset >= -kTolerated) {
    off_notes_ = 0;
    return;
  }
  if (off_notes_ == 0 || ahead != off_ahead_) {
    off_notes_ = 0;
    off_since_ = monotonic;
    off_ahead_ = ahead;
  }
  ++off_notes_;
  if (warned_ || (off_notes_ < kSteadyNotes && monotonic - off_since_ < kSpan)) return;
  // What was right for most of the last minute is not steadily off.
  const DurationNs median = *Median(monotonic);
  if (median <= kTolerated && median >= -kTolerated) return;
  warned_ = warning_ = true;
  warned_offset_ = median;
}

std::optional<DurationNs> SourceClockOffset::Median(TimeNs monotonic) {
  while (!entries_.empty() && monotonic - entries_.front().monotonic > kSpan) entries_.pop_front();
  if (entries_.empty()) return median_;
  std::vector<DurationNs> offsets;
  for (const Entry& entry : entries_) offsets.push_back(entry.offset);
  const auto middle = offsets.begin() + static_cast<std::ptrdiff_t>((offsets.size() - 1) / 2);
  std::nth_element(offsets.begin(), middle, offsets.end());
  median_ = *middle;
  return median_;
}

bool SourceClockOffset::TakeWarning() { return std::exchange(warning_, false); }

std::string SourceClockOffset::ZoneDifference(DurationNs offset) {
  const DurationNs size = offset < 0 ? -offset : offset;
  if (size > kMostZones + kNearQuarter) return "";
  const DurationNs nearest = (size + kQuarter / 2) / kQuarter * kQuarter;
  const DurationNs away = size > nearest ? size - nearest : nearest - size;
  if (nearest == 0 || away > kNearQuarter) return "";
  return absl::StrFormat("%c%02d:%02d", offset < 0 ? '-' : '+', nearest / kHour,
                         nearest % kHour / kMinute);
}

}  // namespace tallybell
