// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/window/sliding_window.h"

#include <algorithm>
#include <vector>

#include "engine/window/match_order.h"

namespace tallybell {
namespace {

// So many undecided matches stand in near_, beside the decided ones.
constexpr size_t kMaxNear = FarMatches::kChunk;

// One match after the other, without looking for each anew.
class Walk {
 public:
  Walk(absl::Span<const WindowMatch> near, const FarMatches* far, size_t index)
      : rest_(near), far_(far) {
    while (index >= rest_.size()) {
      index -= rest_.size();
      rest_ = far_->Chunk(chunk_++);
    }
    rest_.remove_prefix(index);
  }

  TimeNs time() const { return rest_.front().time(); }
  // Past the last one there is nothing to ask.
  void Next() {
    rest_.remove_prefix(1);
    if (rest_.empty() && far_ != nullptr && chunk_ < far_->chunks()) {
      rest_ = far_->Chunk(chunk_++);
    }
  }

 private:
  absl::Span<const WindowMatch> rest_;
  const FarMatches* far_;
  size_t chunk_ = 0;
};

}  // namespace

SlidingWindow::SlidingWindow(const SlidingWindow& other)
    : near_(other.near_), decided_(other.decided_) {
  if (other.extra_ == nullptr) return;
  extra().far = other.extra_->far;
  extra().trimmed_through = other.extra_->trimmed_through;
}

SlidingWindow::~SlidingWindow() {
  if (extra_ != nullptr && extra_->owner != nullptr) extra_->ring->Leave(extra_->owner);
}

SlidingWindow::Extra& SlidingWindow::extra() {
  if (extra_ == nullptr) extra_ = std::make_unique<Extra>();
  return *extra_;
}

void SlidingWindow::Insert(const WindowMatch& match, TimeNs decided, const EvidenceRing* ring) {
  const bool far = extra_ != nullptr && !extra_->far.empty();
  if (far && !MatchBefore(ring, match, extra_->far.front())) {
    extra_->far.Insert(match, ring);
    return;
  }
  const absl::Span<const WindowMatch> near = near_.all();
  const size_t index = PlaceOf(match, ring, near.begin(), near.end()) - near.begin();
  if (match.time() <= decided) {
    near_.Insert(index, match);
    ++decided_;
    return;
  }
  if (near.size() - decided_ >= kMaxNear) {
    if (index == near.size()) {
      std::vector<WindowMatch> only = {match};
      extra().far.PutFront(std::move(only));
      return;
    }
    const auto half = near.subspan(near.size() - kMaxNear / 2);
    std::vector<WindowMatch> moved(half.begin(), half.end());
    extra().far.PutFront(std::move(moved));
    near_.DropBack(kMaxNear / 2);
    Insert(match, decided, ring);
    return;
  }
  near_.Insert(index, match);
}

void SlidingWindow::Refill() {
  if (extra_ == nullptr || extra_->far.empty() || decided_ < near_.size()) return;
  near_.Append(extra_->far.TakeFront());
  DropExtra();
}

void SlidingWindow::DropExtra() {
  if (extra_ == nullptr || extra_->owner != nullptr || !extra_->far.empty()) return;
  if (extra_->trimmed_through == kNoTime) extra_.reset();
}

void SlidingWindow::DecideThrough(TimeNs t) {
  while (true) {
    Refill();
    const absl::Span<const WindowMatch> near = near_.all();
    if (decided_ == near.size() || near[decided_].time() > t) return;
    decided_ = static_cast<uint32_t>(FirstAfterTime(t, near.begin() + decided_, near.end()) -
                                     near.begin());
  }
}

SlidingWindow::Run SlidingWindow::DecideRun(bool dense, size_t enough, DurationNs width, TimeNs t) {
  Run run;
  size_t first = 0;  // in the last `width`
  while (true) {
    Refill();
    const absl::Span<const WindowMatch> near = near_.all();
    if (decided_ == near.size() || near[decided_].time() >= t) return run;
    const TimeNs at = near[decided_].time();
    size_t end = decided_ + 1;
    while (end < near.size() && near[end].time() == at) ++end;
    const bool more = extra_ != nullptr && !extra_->far.empty();
    if (end == near.size() && more && extra_->far.front().time() == at) return run;

    const TimeNs left = SubtractNs(at, width);
    if (run.decided == 0) {
      first = FirstAfterTimeFromFront(left, near.begin(), near.begin() + end) - near.begin();
    }
    while (near[first].time() <= left) ++first;
    const size_t count = end - first;
    if ((count >= enough) != dense) return run;
    // There were enough up to here, too: of the newest before, the last that is needed is in.
    if (dense && (decided_ < enough || near[decided_ - enough].time() < left)) return run;
    run.decided += end - decided_;
    run.last = at;
    run.count = count;
    if (count > run.peak) {
      run.peak = count;
      run.peak_at = at;
    }
    decided_ = static_cast<uint32_t>(end);
  }
}

WindowMatch SlidingWindow::At(size_t index) const {
  return index < near_.size() ? near_.all()[index] : extra_->far.At(index - near_.size());
}

void SlidingWindow::ForEach(absl::FunctionRef<void(const WindowMatch&)> visit) const {
  for (const WindowMatch& match : near_.all()) visit(match);
  if (extra_ == nullptr) return;
  for (size_t i = 0; i < extra_->far.chunks(); ++i) {
    for (const WindowMatch& match : extra_->far.Chunk(i)) visit(match);
  }
}

size_t SlidingWindow::FirstAfter(TimeNs t) const {
  const absl::Span<const WindowMatch> near = near_.all();
  const size_t index = FirstAfterTime(t, near.begin(), near.end()) - near.begin();
  if (index < near.size() || extra_ == nullptr) return index;
  return index + extra_->far.CountThrough(t);
}

size_t SlidingWindow::FirstDense(size_t count, DurationNs width) const {
  // Two walks over the same matches, `count` - 1 apart.
  const auto walk = [this](size_t index) {
    return Walk(near_.all(), extra_ ? &extra_->far : nullptr, index);
  };
  size_t newest = std::max<size_t>(decided_, count == 0 ? 0 : count - 1);
  if (count == 0 || newest >= size()) return size();
  for (Walk last = walk(newest), first = walk(newest + 1 - count); newest < size();
       ++newest, last.Next(), first.Next()) {
    if (first.time() > SubtractNs(last.time(), width)) return newest;
  }
  return size();
}

void SlidingWindow::DropFront(size_t count) {
  near_.DropFront(count);
  decided_ -= static_cast<uint32_t>(std::min<size_t>(decided_, count));
  if (extra_ != nullptr) extra_->aside -= std::min(extra_->aside, count);
}

void SlidingWindow::DropThrough(TimeNs t) {
  const absl::Span<const WindowMatch> near = near_.all();
  DropFront(FirstAfterTime(t, near.begin(), near.end()) - near.begin());
  if (extra_ == nullptr) return;
  if (near_.size() == 0) extra_->far.DropThrough(t);
  // What a clear takes out does not count any more, so nothing is missing from it; but a late clear
  // says nothing about what was given away after it.
  if (extra_->trimmed_through <= t) extra_->trimmed_through = kNoTime;
  Refill();
  DropExtra();
}

void SlidingWindow::GiveAway(size_t count) {
  // A match that came late may be older than what was given away before it.
  Extra& apart = extra();
  apart.trimmed_through = std::max(apart.trimmed_through, near_.all()[count - 1].time());
  DropFront(count);
}

size_t SlidingWindow::KeepAside(size_t count) {
  if (extra_ == nullptr || extra_->aside <= count) return 0;
  const size_t gone = extra_->aside - count;
  GiveAway(gone);
  return gone;
}

void SlidingWindow::Trim(TimeNs t, size_t truth, size_t keep, TimesRing* ring) {
  if (decided_ > 0 && near_.all().front().time() <= t) {
    const absl::Span<const WindowMatch> near = near_.all();
    DropFront(FirstAfterTimeFromFront(t, near.begin(), near.begin() + decided_) - near.begin());
  }
  if (extra_ != nullptr && extra_->trimmed_through <= t) {
    extra_->trimmed_through = kNoTime;
    DropExtra();
  }
  if (decided_ > keep) GiveAway(decided_ - keep);
  if (ring == nullptr || decided_ <= truth) return;
  Extra& apart = extra();
  if (apart.owner == nullptr) {
    apart.ring = ring;
    apart.owner = ring->Join(this);
  }
  const size_t before = apart.aside;
  apart.aside = decided_ - truth;
  if (apart.aside > before) ring->Put(apart.owner, apart.aside - before);
}

void SlidingWindow::set_trimmed_through(TimeNs t) {
  if (t != kNoTime) extra().trimmed_through = t;
}

}  // namespace tallybell
