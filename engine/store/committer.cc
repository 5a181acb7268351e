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
      ballast_bytes_(metrics->Get("state_ballast_bytes")),
      written_anew_(metrics->Get("state_file_written_anew_total")),
      short_of_room_(store_->short_of_room()),
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
  const auto has_room = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return deltas_ < kMaxWaiting || lost_;
  };
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
  return deltas_ < kMaxWaiting && !short_of_room_ && !lost_;
}

bool Committer::Lost() const {
  absl::MutexLock lock(&mutex_);
  return lost_;
}

bool Committer::Flush(DurationNs timeout) {
  absl::MutexLock lock(&mutex_);
  const uint64_t wanted = submitted_;
  flush_ = std::max(flush_, wanted);
  const auto done = [this, wanted]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return committed_ >= wanted || lost_;
  };
  mutex_.AwaitWithTimeout(absl::Condition(&done), ToDuration(timeout));
  return committed_ >= wanted;
}

void Committer::Run() {
  NoteRoom();
  for (;;) {
    LookAfterFile();
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
  nothing_came_ = !mutex_.AwaitWithTimeout(absl::Condition(&has_work), ToDuration(kLookEvery));
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
  Patience patience;
  for (;;) {
    Outcome outcome = TryCommit(*delta, &patience);
    if (outcome == Outcome::kNoRoom) outcome = CommitAcknowledgements(delta, &patience);
    if (outcome == Outcome::kGivenUp) return false;
    if (outcome == Outcome::kWritten) break;
    if (!WaitForRetry(&patience)) return false;
  }
  if (!logged_error_.empty()) {
    logged_error_.clear();
    LogInfo("state is written again");
  }
  return true;
}

// What may have reached the disk must be tried again before anything else is (Store::Commit).
Committer::Outcome Committer::TryCommit(const Delta& delta, Patience* patience) {
  for (int without_file = 0; without_file < kTriesUntilLost;) {
    const TimeNs begin = clock_->Monotonic();
    const absl::Status status = store_->Commit(delta, clock_->Now());
    duration_.Observe(clock_->Monotonic() - begin);
    NoteRoom();
    if (status.ok()) {
      commits_.Add();
      return Outcome::kWritten;
    }
    NoteFailure(status);
    if (absl::IsResourceExhausted(status)) return Outcome::kNoRoom;
    const bool no_file = absl::IsDataLoss(status) || absl::IsNotFound(status);
    without_file = no_file ? without_file + 1 : 0;
    if (!WaitForRetry(patience)) return Outcome::kGivenUp;
  }
  LogError("the state file is lost; what was not written is read again after a restart",
           {{"err", logged_error_}});
  absl::MutexLock lock(&mutex_);
  lost_ = true;
  return Outcome::kGivenUp;
}

void Committer::NoteFailure(const absl::Status& status) {
  failures_.Add();
  if (status.ToString() == logged_error_) return;
  logged_error_ = status.ToString();
  LogError("state cannot be written; reading pauses until it can", {{"err", logged_error_}});
}

Delta Committer::TakeAcknowledgements() {
  Delta taken;
  std::deque<Waiting> rest;
  for (Waiting& waiting : waiting_) {
    if (!waiting.acknowledgement || !IsAcknowledgement(waiting.delta)) {
      rest.push_back(std::move(waiting));
      continue;
    }
    for (Waiting& earlier : rest) YieldRows(waiting.delta, &earlier.delta);
    MergeDelta(std::move(waiting.delta), &taken);
  }
  waiting_ = std::move(rest);
  return taken;
}

Committer::Outcome Committer::CommitAcknowledgements(Delta* delta, Patience* patience) {
  Delta acknowledgements;
  {
    absl::MutexLock lock(&mutex_);
    acknowledgements = TakeAcknowledgements();
  }
  if (acknowledgements.empty()) return Outcome::kNoRoom;
  YieldRows(acknowledgements, delta);
  KeepLastRows(&acknowledgements);
  const Outcome outcome = TryCommit(acknowledgements, patience);
  if (outcome == Outcome::kWritten) {
    for (const std::function<void()>& callback : acknowledgements.committed) callback();
    return Outcome::kNoRoom;
  }
  if (outcome == Outcome::kNoRoom) {
    // What is left of all that was submitted before has no key of theirs.
    absl::MutexLock lock(&mutex_);
    waiting_.push_front({std::move(acknowledgements), true});
  }
  return outcome;
}

void Committer::NoteRoom() {
  ballast_bytes_.Set(store_->ballast_bytes());
  absl::MutexLock lock(&mutex_);
  short_of_room_ = store_->short_of_room();
}

void Committer::LookAfterFile() {
  const TimeNs now = clock_->Monotonic();
  if (!nothing_came_ && looked_ != kNoTime && now - looked_ < kLookEvery) return;
  looked_ = now;
  const absl::StatusOr<bool> anew = store_->WriteAnewIfGone(clock_->Now());
  if (anew.ok() && *anew) {
    written_anew_.Add();
    LogWarn("the state file was gone from its place; it is written anew, and nothing is lost");
  }
  const std::string error = anew.ok() ? "" : anew.status().ToString();
  if (!error.empty() && error != logged_look_error_) {
    LogError("the state file is gone from its place and cannot be written anew", {{"err", error}});
  }
  logged_look_error_ = error;
  if (!store_->short_of_room() || !store_->RegainRoom().ok()) return;
  NoteRoom();
  LogInfo("the disk has room again");
}

bool Committer::WaitForRetry(Patience* patience) {
  // Who looks into what happened may do so above all while nothing can be written.
  for (int i = 0; i < kReadsBetweenTries && LetOneRead(); ++i) {
  }
  const DurationNs wait = std::min(kLastRetry, kFirstRetry << std::min(patience->failures, 10));
  ++patience->failures;
  bool again = true;
  {
    absl::MutexLock lock(&mutex_);
    const auto stopping = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_; };
    if (!stopping_) {
      mutex_.AwaitWithTimeout(absl::Condition(&stopping), ToDuration(wait));
    } else {
      // The end does not wait for as long as a running engine can.
      const auto never = []() { return false; };
      mutex_.AwaitWithTimeout(absl::Condition(&never), ToDuration(kFirstRetry));
      again = ++patience->last_tries < kLastTries;
    }
  }
  if (again) {
    LookAfterFile();
  } else {
    LogError("state was not written; it is read again from its sources", {{"err", logged_error_}});
  }
  return again;
}

}  // namespace tallybell
