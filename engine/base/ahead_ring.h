// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_BASE_AHEAD_RING_H_
#define TALLYBELL_ENGINE_BASE_AHEAD_RING_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/worker_crew.h"

namespace tallybell {

// Keeps a few places full ahead of who uses them. They are filled by a crew of threads, one after
// the other and never two at a time, so that what fills them may be one stream of bytes or lines.
//
//   AheadRing ring(4, [&](size_t place) { return Fill(&blocks[place]); }, &crew);
//   Use(blocks[ring.Front()]);
//   ring.Pop();
//
// Front and Pop are for one thread at a time.
class AheadRing {
 public:
  // `fill` is called with 0, 1, ... places - 1, 0, ... on any thread; false: it is called no more.
  // At least two places. `crew` outlives it. Begins at once.
  AheadRing(size_t places, std::function<bool(size_t)> fill, WorkerCrew* crew);
  // Waits for the place that is being filled.
  ~AheadRing();

  // The place in use, filled; the same until Pop. Waits for it, and does other work of the crew
  // meanwhile. Behind the last one there is none.
  size_t Front();

  // The place in use may be filled again. Not for the last one.
  void Pop();

 private:
  class Place;

  void Fill(size_t place);
  void StartNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<bool(size_t)> fill_;
  WorkerCrew* const crew_;
  std::vector<std::unique_ptr<Place>> places_;

  absl::Mutex mutex_;
  // How many were begun, filled, and used up.
  uint64_t started_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t filled_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t popped_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<bool> stopping_{false};  // what waits to be filled need not be
  size_t front_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_AHEAD_RING_H_
