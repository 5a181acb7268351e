// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/push_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

namespace tallybell {

PushQueue::PushQueue(size_t max_bytes)
    : max_bytes_(max_bytes), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

absl::Status PushQueue::CheckRoomLocked(size_t bytes) const {
  if (pushes_.empty() || (bytes <= max_bytes_ && bytes_ <= max_bytes_ - bytes)) {
    return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(
      "too many pushes wait to be evaluated, please try again later");
}

absl::Status PushQueue::CheckRoom(size_t bytes) const {
  absl::MutexLock lock(&mutex_);
  return CheckRoomLocked(bytes);
}

absl::Status PushQueue::Add(Push* push) {
  {
    absl::MutexLock lock(&mutex_);
    const size_t bytes = push->body.memory();
    if (absl::Status room = CheckRoomLocked(bytes); !room.ok()) return room;
    bytes_ += bytes;
    pushes_.push_back(std::move(*push));
  }
  const uint64_t one = 1;
  // It fails only where the counter is full, and then it is readable already.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof(one));
  return absl::OkStatus();
}

bool PushQueue::Take(Push* push) {
  absl::MutexLock lock(&mutex_);
  if (pushes_.empty()) return false;
  *push = std::move(pushes_.front());
  pushes_.pop_front();
  bytes_ -= push->body.memory();
  return true;
}

TimeNs PushQueue::oldest() const {
  absl::MutexLock lock(&mutex_);
  return pushes_.empty() ? kNoTime : pushes_.front().arrival;
}

size_t PushQueue::bytes() const {
  absl::MutexLock lock(&mutex_);
  return bytes_;
}

bool PushQueue::TakeWakeUps() {
  uint64_t count = 0;
  return read(wake_.get(), &count, sizeof(count)) > 0;
}

}  // namespace tallybell
