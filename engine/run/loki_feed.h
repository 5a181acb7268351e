// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LOKI_FEED_H_
#define TALLYBELL_ENGINE_RUN_LOKI_FEED_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/base/unique_fd.h"
#include "engine/outbox/back_off.h"
#include "engine/run/loki_configuration.h"
#include "engine/run/loki_tail.h"
#include "engine/source/loki_doubt.h"
#include "engine/source/loki_entries.h"
#include "engine/source/loki_passes.h"
#include "engine/source/loki_query.h"

namespace tallybell {

// All entries of [from, to), as they were stored at `asked_at`.
struct LokiBatch {
  // Why they were asked for: the tail spoke, time went by, or for what came late.
  enum class Found { kTail, kSweep, kLate };

  LokiEntries entries;
  TimeNs from = kNoTime;
  TimeNs to = kNoTime;
  TimeNs asked_at = kNoTime;  // wall clock
  Found found = Found::kSweep;
};

// Reads one query of one tenant on threads of its own: asks every few seconds for all that is not
// settled yet, at once when the tail says that something came, and again for what came late: soon
// after a gap of any kind and where a line came late already, and later in any case.
// What it brings waits in a bounded queue; while that is full nothing is asked.
//
// Thread-safe but for Start and Stop. Metrics, by source: loki_queries_total,
// loki_query_failures_total, loki_unreadable_instants_total, and those of LokiTail.
class LokiFeed {
 public:
  // The errors of LokiQuery::Create and LokiTail::Create. Pointers outlive it.
  static absl::StatusOr<std::unique_ptr<LokiFeed>> Create(const LokiSourceConfig* config,
                                                          const Clock* clock, Metrics* metrics);
  // Stops.
  ~LokiFeed();

  // Reads on from where `passes` are. What is not before `doubted` may have grown since it was
  // read; kNever if nothing was.
  void Start(LokiPasses passes, TimeNs doubted);
  void Stop();

  // The oldest batch; false if there is none.
  bool Take(LokiBatch* batch);
  size_t bytes() const;

  // Why nothing can be read now; OK if it can.
  absl::Status fault() const;

  // A line of that time had come late: all that is there of it had been read before.
  void NoteLate(TimeNs time);

  // What is not before this may have grown since it was read, and is looked at again; kNever if
  // nothing is. To be given to Start after a restart.
  TimeNs doubted() const;

  // Nothing before this is to be read again, and whether what is not settled may be read already.
  void Restrict(TimeNs give_up, bool early);

  // Becomes readable when a batch comes, until TakeWakeUps. -1 if the system has no more to give.
  int wake_fd() const { return wake_.get(); }
  void TakeWakeUps();

 private:
  struct Work {
    TimeNs from = kNoTime;
    TimeNs to = kNoTime;
    LokiBatch::Found found = LokiBatch::Found::kSweep;
    TimeNs began = kNoTime;  // monotonic
  };

  LokiFeed(const LokiSourceConfig* config, std::unique_ptr<LokiQuery> query,
           std::unique_ptr<LokiTail> tail, const Clock* clock, Metrics* metrics);
  void Hear(TimeNs first, TimeNs last);
  void NoteGap();
  void Run();
  bool FindWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool FindEarlyWork(TimeNs now, TimeNs mono) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool FindLateWork(TimeNs now, TimeNs mono) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ResumeLate() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Yield() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  DurationNs Patience() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Settle(absl::StatusOr<LokiPage> page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteFault(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteWell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Deliver(LokiBatch batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const LokiSourceConfig* const config_;
  const std::unique_ptr<LokiQuery> query_;
  const std::unique_ptr<LokiTail> tail_;  // or null
  const Clock* const clock_;
  const UniqueFd wake_;
  Metric& queries_total_;
  Metric& failures_total_;
  Metric& unreadable_total_;

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<LokiPasses> passes_ ABSL_GUARDED_BY(mutex_);
  std::deque<LokiBatch> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queue_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<Work> work_ ABSL_GUARDED_BY(mutex_);  // what is left of it
  std::optional<Work> late_ ABSL_GUARDED_BY(mutex_);  // put aside for what is new
  int owed_ ABSL_GUARDED_BY(mutex_) = 0;              // pages, to what is late
  LokiDoubt doubt_ ABSL_GUARDED_BY(mutex_);
  bool early_ ABSL_GUARDED_BY(mutex_) = true;

  // Monotonic.
  TimeNs next_sweep_ ABSL_GUARDED_BY(mutex_) = kNoTime;
  TimeNs next_early_ ABSL_GUARDED_BY(mutex_) = kNoTime;
  TimeNs retry_at_ ABSL_GUARDED_BY(mutex_) = kNoTime;

  // What the tail has said since it was last followed up.
  bool heard_ ABSL_GUARDED_BY(mutex_) = false;
  TimeNs heard_first_ ABSL_GUARDED_BY(mutex_) = kNever;
  TimeNs heard_last_ ABSL_GUARDED_BY(mutex_) = kNoTime;
  TimeNs early_to_ ABSL_GUARDED_BY(mutex_) = kNoTime;  // wall clock of the last early read

  absl::Status fault_ ABSL_GUARDED_BY(mutex_);
  std::string logged_ ABSL_GUARDED_BY(mutex_);  // the fault that the log told last
  TimeNs logged_at_ ABSL_GUARDED_BY(mutex_) = kNoTime;
  BackOff back_off_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LOKI_FEED_H_
