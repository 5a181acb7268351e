// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_OUTBOX_RECEIVER_H_
#define TALLYBELL_ENGINE_OUTBOX_RECEIVER_H_

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/outbox/delivery_queue.h"
#include "engine/outbox/delivery_times.h"
#include "engine/outbox/failure_log.h"
#include "engine/outbox/outbox.h"
#include "engine/store/delta.h"
#include "sinks/sink.h"

namespace tallybell {

// One sink, its queue, and the thread that brings them together. The lock is never held while the
// sink is spoken to, so telling it something never waits for it.
//
// Thread-safe.
class Receiver {
 public:
  using Said = std::pair<AlertUpdate::Kind, std::shared_ptr<const Alert>>;

  Receiver(DeliveryQueue::Options options, std::unique_ptr<Sink> sink, const Clock* clock,
           Metrics* metrics, Outbox::Acknowledge acknowledge);
  // Stops without waiting for what is due.
  ~Receiver();

  const std::string& name() const { return sink_->name(); }

  // Before Start.
  void Restore(const std::vector<OutboxRow>& rows, Delta* delta);
  void Start();

  void Tell(const std::vector<Said>& said, int64_t commit, Delta* delta);
  void Committed(int64_t commit);

  // See DeliveryQueue. Never wait for the sink or the disk.
  std::vector<Untold> ListUntold() const;
  ReceiverStanding Standing() const;
  absl::Status RetryParked(absl::string_view id);
  int RetryAllParked();
  absl::Status Drop(absl::string_view id);

  // Ends the thread once nothing is due. Does not wait for it.
  void BeginStop();
  // Waits for the thread up to `patience`, then cuts short what it is sending.
  void FinishStop(DurationNs patience);

 private:
  void Run();
  // Sleeps until the queue has something, is changed, or stops.
  void Rest(TimeNs now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<Verdict> Send(const std::vector<Offer>& offers);

  const std::unique_ptr<Sink> sink_;
  const Clock* const clock_;
  const Outbox::Acknowledge acknowledge_;
  FailureLog log_;       // the thread's own
  DeliveryTimes times_;  // this too

  mutable absl::Mutex mutex_;
  absl::CondVar changed_;
  DeliveryQueue queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool hurry_ ABSL_GUARDED_BY(mutex_) = false;  // ends it whatever is due
  bool ended_ ABSL_GUARDED_BY(mutex_) = true;

  std::thread thread_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_OUTBOX_RECEIVER_H_
