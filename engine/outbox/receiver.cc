// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/receiver.h"

#include <algorithm>
#include <exception>

#include "absl/time/time.h"
#include "engine/base/crash_point.h"

namespace tallybell {
namespace {

// The longest sleep. The library under the condition variable waits by the wall clock, which may
// be set back.
constexpr DurationNs kLongestRest = 30 * kSecond;

}  // namespace

Receiver::Receiver(DeliveryQueue::Options options, std::unique_ptr<Sink> sink, const Clock* clock,
                   Metrics* metrics, Outbox::Acknowledge acknowledge)
    : sink_(std::move(sink)),
      clock_(clock),
      acknowledge_(std::move(acknowledge)),
      log_(sink_->name()),
      times_(sink_->name(), metrics),
      queue_(std::move(options), metrics) {}

Receiver::~Receiver() {
  BeginStop();
  FinishStop(0);
}

void Receiver::Restore(const std::vector<OutboxRow>& rows, Delta* delta) {
  absl::MutexLock lock(&mutex_);
  queue_.Restore(rows, Moment::Of(*clock_), delta);
}

void Receiver::Start() {
  {
    absl::MutexLock lock(&mutex_);
    ended_ = false;
  }
  thread_ = std::thread([this] { Run(); });
}

void Receiver::Tell(const std::vector<Said>& said, int64_t commit, Delta* delta) {
  absl::MutexLock lock(&mutex_);
  const Moment now = Moment::Of(*clock_);
  for (const auto& [kind, alert] : said) queue_.Tell(kind, alert, commit, now, delta);
}

void Receiver::Committed(int64_t commit) {
  absl::MutexLock lock(&mutex_);
  queue_.Committed(commit);
  changed_.Signal();
}

std::vector<Untold> Receiver::ListUntold() const {
  absl::MutexLock lock(&mutex_);
  return queue_.ListUntold(Moment::Of(*clock_));
}

ReceiverStanding Receiver::Standing() const {
  absl::MutexLock lock(&mutex_);
  return queue_.Standing(Moment::Of(*clock_));
}

absl::Status Receiver::RetryParked(absl::string_view id) {
  absl::MutexLock lock(&mutex_);
  Delta delta;
  const absl::Status status = queue_.RetryParked(id, Moment::Of(*clock_), &delta);
  if (!delta.empty()) acknowledge_(std::move(delta));
  changed_.Signal();
  return status;
}

int Receiver::RetryAllParked() {
  absl::MutexLock lock(&mutex_);
  Delta delta;
  const int retried = queue_.RetryAllParked(Moment::Of(*clock_), &delta);
  if (!delta.empty()) acknowledge_(std::move(delta));
  changed_.Signal();
  return retried;
}

absl::Status Receiver::Drop(absl::string_view id) {
  absl::MutexLock lock(&mutex_);
  Delta delta;
  const absl::Status status = queue_.Drop(id, Moment::Of(*clock_), &delta);
  if (!delta.empty()) acknowledge_(std::move(delta));
  changed_.Signal();
  return status;
}

void Receiver::BeginStop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  changed_.Signal();
}

void Receiver::FinishStop(DurationNs patience) {
  {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&ended_), absl::Nanoseconds(patience));
    hurry_ = true;
  }
  sink_->Cancel();
  if (thread_.joinable()) thread_.join();
}

void Receiver::Rest(TimeNs now) {
  const TimeNs wake_at = queue_.WakeAt();
  if (wake_at <= now) return;
  const DurationNs rest = wake_at == kNever ? kLongestRest : std::min(kLongestRest, wake_at - now);
  changed_.WaitWithTimeout(&mutex_, absl::Nanoseconds(rest));
}

std::vector<Verdict> Receiver::Send(const std::vector<Offer>& offers) {
  std::vector<Notice> notices;
  notices.reserve(offers.size());
  for (const Offer& offer : offers) {
    notices.push_back({&offer.alert, offer.first_value, offer.first_exact});
  }
  try {
    return sink_->Send(notices, clock_->Now());
  } catch (const std::exception& error) {
    Verdict failed;
    failed.kind = Verdict::Kind::kSuspect;
    failed.answer = error.what();
    return std::vector<Verdict>(offers.size(), failed);
  }
}

void Receiver::Run() {
  mutex_.Lock();
  while (!hurry_) {
    const Moment now = Moment::Of(*clock_);
    if (stopping_ && queue_.WakeAt() > now.mono) break;
    const std::vector<Offer> offers = queue_.Take(now);
    if (offers.empty()) {
      Rest(now.mono);
      continue;
    }
    mutex_.Unlock();
    const std::vector<Verdict> verdicts = Send(offers);
    CrashPoint("after-send");
    mutex_.Lock();

    Delta delta;
    const Moment then = Moment::Of(*clock_);
    queue_.Settle(offers, verdicts, then, &delta);
    // With the lock: what a person changes meanwhile must be committed after it.
    if (!delta.empty()) acknowledge_(std::move(delta));
    mutex_.Unlock();
    times_.Note(offers, verdicts, then.mono - now.mono, then.wall);
    log_.Note(verdicts, then.mono);
    mutex_.Lock();
  }
  ended_ = true;
  mutex_.Unlock();
}

}  // namespace tallybell
