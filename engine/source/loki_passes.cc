// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_passes.h"

#include <algorithm>
#include <utility>

namespace tallybell {

LokiPasses::LokiPasses(std::vector<DurationNs> ages, TimeNs begin)
    : ages_(std::move(ages)), read_to_(ages_.size(), begin) {}

void LokiPasses::NoteRead(TimeNs from, TimeNs to, TimeNs asked_at) {
  for (size_t i = 0; i < ages_.size(); ++i) {
    // A span that begins later leaves a gap before it.
    if (read_to_[i] < from) continue;
    read_to_[i] = std::max(read_to_[i], std::min(to, SubtractNs(asked_at, ages_[i])));
  }
}

void LokiPasses::GiveUp(TimeNs before) {
  // Only what was read once may be given up.
  const TimeNs floor = std::min(before, settled());
  for (TimeNs& read_to : read_to_) read_to = std::max(read_to, floor);
}

void LokiPasses::NoteClock(TimeNs now) {
  if (settled() <= now) return;
  const TimeNs known = horizon();
  for (size_t i = 0; i < ages_.size(); ++i) {
    read_to_[i] = std::max(known, std::min(read_to_[i], SubtractNs(now, ages_[i])));
  }
}

TimeNs LokiPasses::horizon() const { return *std::min_element(read_to_.begin(), read_to_.end()); }

std::optional<LokiPasses::Span> LokiPasses::DueAgain(TimeNs now) const {
  for (size_t i = 1; i < ages_.size(); ++i) {
    const TimeNs to = std::min(SubtractNs(now, ages_[i]), settled());
    if (to - read_to_[i] >= ages_[i] / 4) return Span{read_to_[i], to};
  }
  return std::nullopt;
}

void LokiPasses::Restore(const std::vector<DurationNs>& ages, const std::vector<TimeNs>& read_to) {
  if (read_to.empty() || ages.size() != read_to.size()) return;
  const TimeNs least = *std::min_element(read_to.begin(), read_to.end());
  for (size_t i = 0; i < ages_.size(); ++i) {
    const auto same = std::find(ages.begin(), ages.end(), ages_[i]);
    read_to_[i] = same == ages.end() ? least : read_to[same - ages.begin()];
  }
}

}  // namespace tallybell
