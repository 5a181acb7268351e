// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_OUTBOX_ACCESS_H_
#define TALLYBELL_ENGINE_RUN_OUTBOX_ACCESS_H_

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "engine/outbox/outbox.h"

namespace tallybell {

// The way of other threads to an engine's outbox, for as long as it has not been stopped.
// Thread-safe.
class OutboxAccess {
 public:
  // `outbox` lives until Close.
  explicit OutboxAccess(Outbox* outbox) : outbox_(outbox) {}

  // Calls `use`, which waits for nothing; one at a time. False if the outbox has been stopped.
  bool Use(absl::FunctionRef<void(Outbox*)> use) {
    absl::MutexLock lock(&mutex_);
    if (outbox_ == nullptr) return false;
    use(outbox_);
    return true;
  }

  // Nobody uses it any more when this returns.
  void Close() {
    absl::MutexLock lock(&mutex_);
    outbox_ = nullptr;
  }

 private:
  absl::Mutex mutex_;
  Outbox* outbox_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_OUTBOX_ACCESS_H_
