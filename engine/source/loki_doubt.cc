// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_doubt.h"

#include <algorithm>
#include <utility>

namespace tallybell {
namespace {

// After 2, 6, 14, 30 and 62 seconds; what is a minute old is read again anyway.
constexpr DurationNs kFirst = 2 * kSecond;
constexpr DurationNs kLast = 32 * kSecond;

}  // namespace

void LokiDoubt::Begin(TimeNs from, TimeNs mono) {
  from_ = from;
  wait_ = kFirst;
  due_at_ = AddNs(mono, wait_);
}

void LokiDoubt::Raise(TimeNs from, TimeNs mono) {
  if (due_at_ == kNever) return Begin(from, mono);
  // What is read again next covers it; what comes after that may not.
  from_ = std::min(from_, from);
  later_ = std::min(later_, from);
}

std::optional<TimeNs> LokiDoubt::Due(TimeNs settled, TimeNs mono) {
  if (mono < due_at_) return std::nullopt;
  const TimeNs from = std::max(from_, SubtractNs(settled, kMost));
  if (wait_ < kLast) {
    wait_ *= 2;
    due_at_ = AddNs(mono, wait_);
  } else {
    due_at_ = kNever;
    const TimeNs later = std::exchange(later_, kNever);
    if (later != kNever) Begin(later, mono);
  }
  if (from >= settled) return std::nullopt;
  return from;
}

}  // namespace tallybell
