// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/window/times_ring.h"

#include <algorithm>

#include "engine/window/sliding_window.h"

namespace tallybell {

TimesRing::TimesRing(size_t capacity)
    : max_places_(std::max<size_t>(capacity / kBytesPerTime, 1)) {}

TimesRing::~TimesRing() { FreeOldest(taken_); }

void TimesRing::Leave(Owner* owner) {
  owner->window = nullptr;
  if (owner->places == 0) delete owner;
}

void TimesRing::Put(Owner* owner, size_t count) {
  if (!runs_.empty() && runs_.back().owner == owner) {
    runs_.back().count += count;
  } else {
    runs_.push_back({owner, count});
  }
  owner->places += count;
  taken_ += count;
  if (taken_ > max_places_) FreeOldest(taken_ - max_places_);
}

void TimesRing::FreeOldest(size_t count) {
  while (count > 0) {
    Run& run = runs_.front();
    Owner* const owner = run.owner;
    const size_t freed = std::min(count, run.count);
    count -= freed;
    taken_ -= freed;
    run.count -= freed;
    if (run.count == 0) runs_.pop_front();
    owner->places -= freed;
    if (owner->window != nullptr) {
      given_way_ += static_cast<int64_t>(owner->window->KeepAside(owner->places));
    } else if (owner->places == 0) {
      delete owner;
    }
  }
}

}  // namespace tallybell
