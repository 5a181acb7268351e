// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/nearest_misses.h"

#include <algorithm>
#include <utility>

namespace tallybell {

void NearestMisses::Note(int64_t count, TimeNs t, absl::FunctionRef<Labels()> labels) {
  const int64_t day = t / kDay;
  if (day < day_) return;
  if (day > day_) {
    CloseDay();
    day_ = day;
  }
  if (count >= enough_) reached_ = true;
  if (reached_ || count <= peak_.value) return;
  peak_ = {t, count, labels()};
}

void NearestMisses::CloseDay() {
  if (!reached_ && peak_.value > recorded_) {
    if (closed_.size() >= kMaxDays) closed_.erase(closed_.begin());
    closed_.push_back(peak_);
  }
  reached_ = false;
  peak_ = Miss();
  recorded_ = 0;
}

std::vector<NearestMisses::Miss> NearestMisses::Take(TimeNs now) {
  std::vector<Miss> due = std::exchange(closed_, {});
  if (reached_ || peak_.value <= recorded_) return due;
  const bool soon = recorded_at_ != kNoTime && SubtractNs(now, recorded_at_) < kEvery;
  const bool little = recorded_ > 0 && peak_.value - recorded_ < enough_ / kSteps;
  if (now != kNever && (soon || little)) return due;
  recorded_ = peak_.value;
  if (now != kNever) recorded_at_ = now;
  due.push_back(peak_);
  return due;
}

}  // namespace tallybell
