// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/committer.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "engine/base/crash_point.h"
#include "engine/base/log.h"
#include "engine/store/delta_merge.h"

namespace tallybell {
namespace {

absl::Duration ToDuration(DurationNs duration) {
  return duration == kNever ? absl::InfiniteDuration() : absl::Nanoseconds(duration);
}

// Acknowledgements pile up while the disk is full. Their rows are bounded by the outbox once each
// key is there only once; their history is not.
void Bound(Delta* delta, Metric* dropped) {
  constexpr size_t kMany = 4'096;
  if (delta->outbox.size() > kMany && (delta->outbox.size() & (kMany - 1)) == 0) {
    KeepLastRows(delta);
  }
  if (delta->history.size() > Committer::kMaxWaitingHistory) {
    const size_t excess = delta->history.size() - Committer::kMaxWaitingHistory / 2;
    delta->history.erase(delta->history.begin(), delta->history.begin() + excess);
    dropped->Add(excess);
  }
}

}  // namespace

Committer::Committer(std::unique_ptr<Store> store, const Clock* clock, Metrics* metrics)
    : store_(std::move(store)),
      clock_(clock),
      commits_(metrics->Get("store_commits_total")),
      failures_(metrics->Get("store_commit_failures_total")),
      duration_(metrics->GetHistogram("commit_duration_seconds")),
      history_dropped_(metrics->Get("store_history_dropped_total")),
      thread_([this] { Run(); }) {}

Committer::~Committer() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void Committer::Submit(Delta delta) {
  absl::MutexLock lock(&mutex_);
  const auto has_room = [this]()
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return deltas_ < kMaxWaiting; };
  mutex_.Await(absl::Condition(&has_room));
  waiting_.push_back({std::move(delta)});
  ++deltas_;
  ++submitted_;
}

void Committer::SubmitAcknowledgement(Delta delta) {
  absl::MutexLock lock(&mutex_);
  if (waiting_.empty() || !waiting_.back().acknowledgement) waiting_.push_back({Delta(), true});
  Delta& acknowledgements = waiting_.back().delta;
  MergeDelta(std::move(delta), &acknowledgements);
  Bound(&acknowledgements, &history_dropped_);
  ++submitted_;
}

bool Committer::Read(Reader reader) {
  absl::MutexLock lock(&mutex_);
  if (stopping_ || reads_.size() >= kMaxReads) return false;
  reads_.push_back(std::move(reader));
  return true;
}

bool Committer::Ready() const {
  absl::MutexLock lock(&mutex_);
  return deltas_ < kMaxWaiting;
}

bool Committer::Flush(DurationNs timeout) {
  absl::MutexLock lock(&mutex_);
  const uint64_t wanted = submitted_;
  flush_ = std::max(flush_, wanted);
  const auto done = [this, wanted]()
                        ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return committed_ >= wanted; };
  return mutex_.AwaitWithTimeout(absl::Condition(&done), ToDuration(timeout));
}

void Committer::Run() {
  for (;;) {
    Delta delta;
    uint64_t upto;
    bool write;
    {
      absl::MutexLock lock(&mutex_);
      if (!WaitForWork()) return;
      write = !Idle();
      delta = TakeAll();
      upto = taken_;
    }
    if (write) {
      if (!CommitWithRetries(&delta)) return;
      CrashPoint("after-commit");
      for (const std::function<void()>& callback : delta.committed) callback();
      absl::MutexLock lock(&mutex_);
      committed_ = std::max(committed_, upto);
    }
    LetOneRead();
  }
}

bool Committer::LetOneRead() {
  Reader reader;
  {
    absl::MutexLock lock(&mutex_);
    // The end is not kept waiting by who only looks.
    if (stopping_ || reads_.empty()) return false;
    reader = std::move(reads_.front());
    reads_.pop_front();
  }
  const bool more = reader(store_.get());
  absl::MutexLock lock(&mutex_);
  if (more) reads_.push_back(std::move(reader));
  return true;
}

bool Committer::Idle() const { return submitted_ == taken_; }

bool Committer::Due() const {
  if (stopping_ || flush_ > committed_ || deltas_ >= kMaxWaiting || !reads_.empty()) return true;
  return std::any_of(waiting_.begin(), waiting_.end(),
                     [](const Waiting& waiting) { return waiting.delta.urgent; });
}

bool Committer::WaitForWork() {
  const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !Idle() || stopping_ || !reads_.empty();
  };
  mutex_.Await(absl::Condition(&has_work));
  if (Idle()) return !stopping_;
  const auto due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return Due(); };
  mutex_.AwaitWithTimeout(absl::Condition(&due), ToDuration(kGroupCommit));
  return true;
}

Delta Committer::TakeAll() {
  Delta all;
  for (Waiting& waiting : waiting_) MergeDelta(std::move(waiting.delta), &all);
  waiting_.clear();
  deltas_ = 0;
  taken_ = submitted_;
  return all;
}

bool Committer::CommitWithRetries(Delta* delta) {
  KeepLastRows(delta);
  int last_tries = 0;
  for (int failures = 1;; ++failures) {
    const TimeNs begin = clock_->Monotonic();
    const absl::Status status = store_->Commit(*delta, clock_->Now());
    duration_.Observe(clock_->Monotonic() - begin);
    if (status.ok()) break;
    failures_.Add();
    if (status.ToString() != logged_error_) {
      logged_error_ = status.ToString();
      LogError("state cannot be written; reading pauses until it can", {{"err", logged_error_}});
    }
    // Who looks into what happened may do so above all while nothing can be written.
    for (int i = 0; i < kReadsBetweenTries && LetOneRead(); ++i) {
    }
    if (!WaitForRetry(failures, &last_tries)) {
      LogError("state was not written; it is read again from its sources",
               {{"err", logged_error_}});
      return false;
    }
  }
  commits_.Add();
  if (!logged_error_.empty()) {
    logged_error_.clear();
    LogInfo("state is written again");
  }
  return true;
}

bool Committer::WaitForRetry(int failures, int* last_tries) {
  const DurationNs wait = std::min(kLastRetry, kFirstRetry << std::min(failures - 1, 10));
  absl::MutexLock lock(&mutex_);
  const auto stopping = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_; };
  if (!stopping_) {
    mutex_.AwaitWithTimeout(absl::Condition(&stopping), ToDuration(wait));
    return true;
  }
  // The end does not wait for as long as a running engine can.
  const auto never = []() { return false; };
  mutex_.AwaitWithTimeout(absl::Condition(&never), ToDuration(kFirstRetry));
  return ++*last_tries < kLastTries;
}

}  // namespace tallybell
