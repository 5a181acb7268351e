// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_PUSH_QUEUE_H_
#define TALLYBELL_ENGINE_SOURCE_PUSH_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/time_ns.h"
#include "engine/base/unique_fd.h"
#include "engine/source/loki_push_body.h"
#include "engine/source/push_digest.h"
#include "engine/source/push_error.h"

namespace tallybell {

// How whoever pushed is answered: once, on any thread. If it goes without having been asked for an
// answer, because tallybell ends, it says that the push was not taken, so that it comes again.
class PushReply {
 public:
  // `answer` is given what was wrong, of status 204 if nothing was. It must not block.
  explicit PushReply(std::function<void(const PushError&)> answer) : answer_(std::move(answer)) {}
  ~PushReply() {
    if (answer_ != nullptr) Answer(PushErrorOf(absl::UnavailableError("tallybell is ending")));
  }
  PushReply(const PushReply&) = delete;
  PushReply& operator=(const PushReply&) = delete;

  void Answer(const PushError& answer) {
    if (answer_ != nullptr) std::exchange(answer_, nullptr)(answer);
  }
  // It is answered by somebody else.
  void Forget() { answer_ = nullptr; }

 private:
  std::function<void(const PushError&)> answer_;
};

// One push that was read and is on its way to the evaluation.
struct Push {
  PushedBody body;
  std::string tenant;  // may be empty
  PushDigest digest = {};
  TimeNs arrival = kNoTime;
  std::shared_ptr<PushReply> reply;
};

// The pushes that have come and were not evaluated yet, in order. Bounded by what they take up in
// memory; a push that is larger than that alone is taken where there is no other. Thread-safe.
class PushQueue {
 public:
  explicit PushQueue(size_t max_bytes);

  // ResourceExhausted where there is no room for a push of so many bytes.
  absl::Status CheckRoom(size_t bytes) const;

  // ResourceExhausted where there is no room: the push stays where it is.
  absl::Status Add(Push* push);

  // The oldest; false if there is none.
  bool Take(Push* push);

  // When the oldest came; kNoTime if there is none.
  TimeNs oldest() const;
  size_t bytes() const;

  // Becomes readable when a push comes, until TakeWakeUps. -1 if the system has no more to give.
  int wake_fd() const { return wake_.get(); }
  bool TakeWakeUps();

 private:
  absl::Status CheckRoomLocked(size_t bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t max_bytes_;
  const UniqueFd wake_;
  mutable absl::Mutex mutex_;
  std::deque<Push> pushes_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_PUSH_QUEUE_H_
