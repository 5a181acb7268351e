// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_STORE_COMMITTER_H_
#define TALLYBELL_ENGINE_STORE_COMMITTER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
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
// Deltas and acknowledgements are merged in the order in which they were submitted, and the last
// row of a key wins: whoever makes rows of one key must submit them in that order.
//
// Thread-safe. Callbacks of a delta run on the committer's thread after its commit, in order; they
// may submit acknowledgements, but must not wait for the committer (Submit, Flush). A commit that
// fails (a full disk) is tried again with back-off, nothing is given up, and the queue stays full
// meanwhile, so that readers pause. Metrics: store_commits_total, store_commit_failures_total,
// store_history_dropped_total.
class Committer {
 public:
  static constexpr DurationNs kGroupCommit = 100 * kMillisecond;
  static constexpr size_t kMaxWaiting = 2;
  static constexpr size_t kMaxWaitingHistory = 10'000;
  static constexpr DurationNs kFirstRetry = 100 * kMillisecond;
  static constexpr DurationNs kLastRetry = 5 * kSecond;
  static constexpr int kLastTries = 4;
  static constexpr size_t kMaxReads = 16;
  static constexpr int kReadsBetweenTries = 256;

  // Looks at the state file on the committer's thread. True: there is more to look at, and it is
  // called again when what was submitted meanwhile is committed. A commit waits for one call, so
  // each looks at little: some hundred rows.
  using Reader = std::function<bool(Store*)>;

  Committer(std::unique_ptr<Store> store, const Clock* clock, Metrics* metrics);
  // Commits what waits, then ends the thread. If the commit fails so late it is tried kLastTries
  // times; what is not written then is read again from its source at the next start.
  ~Committer();

  // Waits while kMaxWaiting deltas of evaluation wait already.
  void Submit(Delta delta);

  // For the senders' acknowledgements: never waits, is merged into the next transaction. While
  // commits fail, the history in them is limited to kMaxWaitingHistory rows, the oldest go first.
  void SubmitAcknowledgement(Delta delta);

  // Has `reader` look between two commits; it sees all that was submitted before. False if
  // kMaxReads wait already. One that waits when the committer ends is destroyed without a call.
  bool Read(Reader reader);

  // Whether Submit would return without waiting.
  bool Ready() const;

  // Waits until all that was submitted before is committed and its callbacks have run. False if
  // that takes longer than `timeout`.
  bool Flush(DurationNs timeout = kNever);

 private:
  // Acknowledgements that came one after the other are one.
  struct Waiting {
    Delta delta;
    bool acknowledgement = false;
  };

  void Run();
  // Waits until there is something to write and it is time to. False: nothing will come any more.
  bool WaitForWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // All that waits, as one delta.
  Delta TakeAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Tries until it succeeds; false if it was given up because of the end.
  bool CommitWithRetries(Delta* delta);
  // Waits for the next try. False: it is not to be tried any more.
  bool WaitForRetry(int failures, int* last_tries);
  // Lets the reader that waits longest look. False if none waits.
  bool LetOneRead();
  bool Due() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Idle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unique_ptr<Store> store_;
  const Clock* const clock_;
  Metric& commits_;
  Metric& failures_;
  Histogram& duration_;
  Metric& history_dropped_;

  mutable absl::Mutex mutex_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  // How many of those are evaluation's.
  size_t deltas_ ABSL_GUARDED_BY(mutex_) = 0;
  // Deltas and acknowledgements submitted, taken into a transaction, and committed.
  uint64_t submitted_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t committed_ ABSL_GUARDED_BY(mutex_) = 0;
  // Somebody waits for everything up to here.
  uint64_t flush_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Reader> reads_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // The committer's thread's own: the last error that was logged.
  std::string logged_error_;

  std::thread thread_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_COMMITTER_H_
