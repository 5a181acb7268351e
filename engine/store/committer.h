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
// fails is tried again with back-off, nothing is given up, and the queue stays full meanwhile, so
// that readers pause. Metrics: store_commits_total, store_commit_failures_total,
// store_history_dropped_total, state_ballast_bytes, state_file_written_anew_total.
//
// On a full disk the store gives up its ballast, and what waits is written into its room; from then
// on only acknowledgements are to come (Ready is false) until the ballast is back. Where what waits
// is larger than that room, acknowledgements overtake it. That neither loses nor brings back a row:
// rows of a key that an acknowledgement has are first taken out of everything that was submitted
// before it, where they would have been overwritten anyway. What is left in both has no key in
// common, and so writes the same in either order; an acknowledgement has no other rows that could
// depend on the order, but history, which tells by its times. Should the process end in between,
// what was overtaken is read again from its sources, and told again where it was not told.
//
// It also sees to it that the file stays where its name says (Store::WriteAnewIfGone), every
// kLookEvery.
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
  static constexpr DurationNs kLookEvery = kSecond;
  // After so many tries in a row that found no file, or one that is damaged, it is lost.
  static constexpr int kTriesUntilLost = 3;

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

  // Whether Submit would return without waiting, and the disk has room.
  bool Ready() const;

  // The state file cannot be used any more; nothing will be committed. What was not is read again
  // after a restart, which begins as it can.
  bool Lost() const;

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
  // How often it was tried, and how often since the end was asked for.
  struct Patience {
    int failures = 0;
    int last_tries = 0;
  };
  enum class Outcome { kWritten, kNoRoom, kGivenUp };

  // Tries until it succeeds; false if it was given up: because of the end, or there is no file.
  bool CommitWithRetries(Delta* delta);
  // The same, until the disk is full.
  Outcome TryCommit(const Delta& delta, Patience* patience);
  // For `*delta` the disk was full: commits the acknowledgements that came after it. kNoRoom as
  // long as `*delta` is to be tried again.
  Outcome CommitAcknowledgements(Delta* delta, Patience* patience);
  // Those that wait, without the keys that others have that came later. Empty if there are none.
  Delta TakeAcknowledgements() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Sees after the name of the file and the ballast, if it is time to.
  void LookAfterFile();
  void NoteRoom();
  void NoteFailure(const absl::Status& status);
  // Waits for the next try. False: it is not to be tried any more.
  bool WaitForRetry(Patience* patience);
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
  Metric& ballast_bytes_;
  Metric& written_anew_;

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
  bool short_of_room_ ABSL_GUARDED_BY(mutex_) = false;
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;

  // The committer's thread's own: the last errors that were logged, when it looked after the file
  // (monotonic), and whether nothing came for long since.
  std::string logged_error_;
  std::string logged_look_error_;
  TimeNs looked_ = kNoTime;
  bool nothing_came_ = false;

  std::thread thread_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_COMMITTER_H_
