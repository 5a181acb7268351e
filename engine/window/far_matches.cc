// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/window/far_matches.h"

#include <algorithm>
#include <utility>

#include "engine/window/match_order.h"

namespace tallybell {

void FarMatches::Insert(const WindowMatch& match, const EvidenceRing* ring) {
  ++size_;
  if (chunks_.empty()) {
    chunks_.push_back({match});
    return;
  }
  // The first chunk whose last match is not before it, else the last chunk.
  auto chunk = std::partition_point(chunks_.begin(), chunks_.end(),
                                    [&](const std::vector<WindowMatch>& candidate) {
                                      return !MatchBefore(ring, match, candidate.back());
                                    });
  if (chunk == chunks_.end()) {
    if (chunks_.back().size() >= kChunk) {
      chunks_.push_back({match});
      return;
    }
    --chunk;
  }
  const auto place = PlaceOf(match, ring, chunk->begin(), chunk->end());
  moved_ += chunk->end() - place;
  chunk->insert(place, match);
  if (chunk->size() <= kChunk) return;
  const auto middle = chunk->begin() + chunk->size() / 2;
  std::vector<WindowMatch> second(middle, chunk->end());
  moved_ += second.size();
  chunk->erase(middle, chunk->end());
  chunks_.insert(chunk + 1, std::move(second));
}

WindowMatch FarMatches::At(size_t index) const {
  auto chunk = chunks_.begin();
  while (index >= chunk->size()) index -= (chunk++)->size();
  return (*chunk)[index];
}

size_t FarMatches::CountThrough(TimeNs t) const {
  size_t count = 0;
  for (const std::vector<WindowMatch>& chunk : chunks_) {
    const auto end = FirstAfterTime(t, chunk.begin(), chunk.end());
    count += end - chunk.begin();
    if (end != chunk.end()) break;
  }
  return count;
}

std::vector<WindowMatch> FarMatches::TakeFront() {
  std::vector<WindowMatch> chunk = std::move(chunks_.front());
  chunks_.pop_front();
  size_ -= chunk.size();
  return chunk;
}

void FarMatches::PutFront(std::vector<WindowMatch> chunk) {
  size_ += chunk.size();
  chunks_.push_front(std::move(chunk));
}

void FarMatches::DropThrough(TimeNs t) {
  while (!chunks_.empty()) {
    std::vector<WindowMatch>& chunk = chunks_.front();
    const auto end = FirstAfterTime(t, chunk.begin(), chunk.end());
    size_ -= end - chunk.begin();
    chunk.erase(chunk.begin(), end);
    if (!chunk.empty()) return;
    chunks_.pop_front();
  }
}

}  // namespace tallybell
