// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/ahead_ring.h"

#include <algorithm>
#include <utility>

namespace tallybell {

class AheadRing::Place : public WorkerCrew::Job {
 public:
  Place(AheadRing* ring, size_t number) : ring_(ring), number_(number) {}
  void Run() override { ring_->Fill(number_); }

 private:
  AheadRing* const ring_;
  const size_t number_;
};

AheadRing::AheadRing(size_t places, std::function<bool(size_t)> fill, WorkerCrew* crew)
    : fill_(std::move(fill)), crew_(crew) {
  // With one place alone, Front would find none under way behind the one that was used up.
  for (size_t i = 0; i < std::max<size_t>(places, 2); ++i) {
    places_.push_back(std::make_unique<Place>(this, i));
  }
  absl::MutexLock lock(&mutex_);
  StartNext();
}

AheadRing::~AheadRing() {
  stopping_ = true;
  {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
  }
  for (const auto& place : places_) crew_->Finish(place.get());
}

void AheadRing::StartNext() {
  if (ended_ || started_ > filled_ || started_ - popped_ == places_.size()) return;
  crew_->Start(places_[started_++ % places_.size()].get());
}

void AheadRing::Fill(size_t place) {
  if (stopping_) return;
  const bool more = fill_(place);
  absl::MutexLock lock(&mutex_);
  ++filled_;
  ended_ = ended_ || !more;
  StartNext();
}

size_t AheadRing::Front() {
  crew_->Finish(places_[front_].get());
  return front_;
}

void AheadRing::Pop() {
  front_ = (front_ + 1) % places_.size();
  absl::MutexLock lock(&mutex_);
  ++popped_;
  StartNext();
}

}  // namespace tallybell
