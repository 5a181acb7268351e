// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_ENGINE_MAILBOX_H_
#define TALLYBELL_ENGINE_RUN_ENGINE_MAILBOX_H_

#include <functional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/unique_fd.h"

namespace tallybell {

class LiveEngine;

// What other threads want of the engine: they put it in, the evaluation thread does it between two
// steps. A letter must be quick, because nothing is evaluated meanwhile. Thread-safe.
class EngineMailbox {
 public:
  using Letter = std::function<void(LiveEngine*)>;

  // More letters than this wait for no good reason.
  static constexpr size_t kMaxLetters = 1'024;

  EngineMailbox();

  // False: too many wait, or the engine has ended; `letter` will not be done.
  bool Post(Letter letter);

  // Becomes readable when there is a letter. -1 if the system had no descriptor left: letters are
  // then done when the engine wakes up by itself.
  int fd() const { return wake_.get(); }

  // Does all that wait, in the order in which they came; of the evaluation thread.
  void DeliverAll(LiveEngine* engine);

  // Refuses letters from now on and forgets those that wait: what they hold is destroyed.
  void Close();

 private:
  const UniqueFd wake_;
  absl::Mutex mutex_;
  std::vector<Letter> letters_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_ENGINE_MAILBOX_H_
