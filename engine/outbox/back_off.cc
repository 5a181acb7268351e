// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/back_off.h"

#include <algorithm>

namespace tallybell {

DurationNs BackOff::Spread(DurationNs most) {
  return static_cast<DurationNs>(random_() % (static_cast<uint64_t>(most) + 1));
}

DurationNs BackOff::Next() {
  const DurationNs whole = next_;
  next_ = std::min(kMaxOutage, 2 * next_);
  return whole - Spread(whole / 4);
}

DurationNs BackOff::Longest() {
  next_ = kMaxOutage;
  return kMax - Spread(kMax / 4);
}

DurationNs BackOff::AsAsked(DurationNs retry_after) {
  const DurationNs asked = std::clamp<DurationNs>(retry_after, 0, kMax);
  next_ = std::min(kMaxOutage, std::max(next_, asked));
  return std::min(kMax, asked + Spread(asked / 10));
}

}  // namespace tallybell
