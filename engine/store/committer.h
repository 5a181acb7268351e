// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_STORE_COMMITTER_H_
#define TALLYBELL_ENGINE_STORE_COMMITTER_H_

#include <deque>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/store/delta.h"
#include "engine/store/store.h"

namespace tallybell {

// The one thread that touches the state file. It merges whatever waits into one transaction: at
// once if any of it is urgent, else at most `kGroupCommit` after the first of it came.
//
// Thread-safe. Callbacks of a delta run on the committer's thread after its commit, in order. A
// commit that fails (a full disk) is tried again with back-off, nothing is given up, and the
// queue stays full meanwhile, so that readers pause.
class Committer {
 public:
  static constexpr DurationNs kGroupCommit = 100 * kMillisecond;
  static constexpr size_t kMaxWaiting = 2;

  Committer(std::unique_ptr<Store> store, const Clock* clock, Metrics* metrics);
  // Commits what waits, then ends the thread.
  ~Committer();

  // Waits while kMaxWaiting deltas of evaluation wait already.
  void Submit(Delta delta);

  // For the senders' acknowledgements: never waits, is merged into the next transaction.
  void SubmitAcknowledgement(Delta delta);

  // Whether Submit would return without waiting.
  bool Ready() const;

  // Waits until all that was submitted before is committed.
  void Flush();

 private:
  void Run();

  std::unique_ptr<Store> store_;
  const Clock* const clock_;
  Metrics* const metrics_;

  mutable absl::Mutex mutex_;
  std::deque<Delta> waiting_ ABSL_GUARDED_BY(mutex_);
  Delta acknowledgements_ ABSL_GUARDED_BY(mutex_);
  bool committing_ ABSL_GUARDED_BY(mutex_) = false;
  bool flush_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_COMMITTER_H_
