// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_WINDOW_FAR_MATCHES_H_
#define TALLYBELL_ENGINE_WINDOW_FAR_MATCHES_H_

#include <cstddef>
#include <deque>
#include <vector>

#include "absl/types/span.h"
#include "engine/base/time_ns.h"
#include "engine/window/evidence_ring.h"
#include "engine/window/window_match.h"

namespace tallybell {

// Many matches that are not decided yet, in order, however disordered they come: in chunks, so
// that putting one in moves a chunk at most. Not thread-safe.
class FarMatches {
 public:
  static constexpr size_t kChunk = 512;  // matches

  // `ring` orders matches of one time; null: as they come.
  void Insert(const WindowMatch& match, const EvidenceRing* ring);

  bool empty() const { return chunks_.empty(); }
  size_t size() const { return size_; }
  const WindowMatch& front() const { return chunks_.front().front(); }
  // Costs the number of chunks.
  WindowMatch At(size_t index) const;
  size_t chunks() const { return chunks_.size(); }
  absl::Span<const WindowMatch> Chunk(size_t number) const { return chunks_[number]; }
  // How many there are at or before `t`.
  size_t CountThrough(TimeNs t) const;

  // Takes out the first chunk, or puts one in before all others.
  std::vector<WindowMatch> TakeFront();
  void PutFront(std::vector<WindowMatch> chunk);
  // Takes out all at or before `t`.
  void DropThrough(TimeNs t);

  // How many matches were moved to put others in, for a test of what that costs.
  size_t moved() const { return moved_; }

 private:
  std::deque<std::vector<WindowMatch>> chunks_;  // none is empty
  size_t size_ = 0;
  size_t moved_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_WINDOW_FAR_MATCHES_H_
