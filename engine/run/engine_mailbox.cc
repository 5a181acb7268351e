// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/engine_mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace tallybell {

EngineMailbox::EngineMailbox() : wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

bool EngineMailbox::Post(Letter letter) {
  {
    absl::MutexLock lock(&mutex_);
    if (closed_ || letters_.size() >= kMaxLetters) return false;
    letters_.push_back(std::move(letter));
  }
  const uint64_t one = 1;
  // A counter that is full is readable already.
  (void)!write(wake_.get(), &one, sizeof(one));
  return true;
}

void EngineMailbox::DeliverAll(LiveEngine* engine) {
  uint64_t count;
  (void)!read(wake_.get(), &count, sizeof(count));
  std::vector<Letter> letters;
  {
    absl::MutexLock lock(&mutex_);
    letters.swap(letters_);
  }
  for (const Letter& letter : letters) letter(engine);
}

void EngineMailbox::Close() {
  std::vector<Letter> letters;
  absl::MutexLock lock(&mutex_);
  closed_ = true;
  letters.swap(letters_);
}

}  // namespace tallybell
