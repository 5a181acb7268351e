// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/window/sliding_window.h"

#include <algorithm>

namespace tallybell {

void SlidingWindow::Insert(const WindowMatch& match) {
  if (matches_.size() == begin_ || !(match < matches_.back())) {
    matches_.push_back(match);
    return;
  }
  matches_.insert(std::upper_bound(matches_.begin() + begin_, matches_.end(), match), match);
}

size_t SlidingWindow::FirstAfter(TimeNs t) const {
  // Most questions are about the newest instant, so the end is tried first.
  if (matches_.size() == begin_ || matches_.back().time <= t) return matches_.size();
  return std::upper_bound(matches_.begin() + begin_, matches_.end(), t,
                          [](TimeNs at, const WindowMatch& match) { return at < match.time; }) -
         matches_.begin();
}

absl::Span<const WindowMatch> SlidingWindow::At(TimeNs t) const {
  const size_t first = FirstAfter(SubtractNs(t, width_));
  return absl::MakeConstSpan(matches_).subspan(first, FirstAfter(t) - first);
}

absl::Span<const WindowMatch> SlidingWindow::Before(TimeNs t) const { return At(SubtractNs(t, 1)); }

void SlidingWindow::DropFront(size_t end) {
  begin_ = end;
  if (begin_ == matches_.size()) {
    matches_.clear();
    begin_ = 0;
  } else if (begin_ > 64 && begin_ > matches_.size() / 2) {
    matches_.erase(matches_.begin(), matches_.begin() + begin_);
    begin_ = 0;
  }
}

void SlidingWindow::DropThrough(TimeNs t) {
  DropFront(FirstAfter(t));
  // What a clear takes out does not count any more, so nothing is missing from it; but a late clear
  // says nothing about what was trimmed after it.
  if (trimmed_through_ <= t) trimmed_through_ = kNoTime;
}

void SlidingWindow::Trim(TimeNs t, size_t keep) {
  DropFront(FirstAfter(SubtractNs(t, width_)));
  const size_t decided = FirstAfter(t) - begin_;
  if (decided > keep) {
    const size_t end = begin_ + decided - keep;
    // A match that came late may be older than what was trimmed before it.
    trimmed_through_ = std::max(trimmed_through_, matches_[end - 1].time);
    DropFront(end);
  }
}

}  // namespace tallybell
