// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/loki_history.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "absl/time/time.h"
#include "engine/base/log.h"
#include "engine/base/status_macros.h"
#include "engine/outbox/back_off.h"

namespace tallybell {
namespace {

// Slices are short enough for all readers to have some, and long enough to be worth a question.
constexpr int kSlicesAReader = 8;
constexpr DurationNs kLeastSlice = kMinute;

bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LokiHistory>> LokiHistory::Create(const Options& options,
                                                                 const Clock* clock) {
  std::vector<std::unique_ptr<LokiQuery>> queries;
  for (int i = 0; i < options.readers; ++i) {
    ASSIGN_OR_RETURN(std::unique_ptr<LokiQuery> query, LokiQuery::Create(options.query, clock));
    queries.push_back(std::move(query));
  }
  return std::unique_ptr<LokiHistory>(new LokiHistory(options, std::move(queries)));
}

LokiHistory::LokiHistory(const Options& options, std::vector<std::unique_ptr<LokiQuery>> queries)
    : options_(options),
      slice_(std::clamp((options.to - options.from) / (options.readers * kSlicesAReader),
                        kLeastSlice, kHour)),
      queries_(std::move(queries)),
      sliced_to_(options.from) {
  for (size_t i = 0; i < queries_.size(); ++i) {
    threads_.emplace_back([this, i] { Run(queries_[i].get(), static_cast<int>(i)); });
  }
}

LokiHistory::~LokiHistory() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (const auto& query : queries_) query->Cancel();
  for (std::thread& thread : threads_) thread.join();
}

LokiHistory::Slice* LokiHistory::NextSlice() {
  // A reader that is far ahead would only wait with what it has.
  if (stopping_ || sliced_to_ >= options_.to) return nullptr;
  auto slice = std::make_unique<Slice>();
  slice->from = sliced_to_;
  slice->to = sliced_to_ = std::min(options_.to, AddNs(sliced_to_, slice_));
  slices_.push_back(std::move(slice));
  return slices_.back().get();
}

void LokiHistory::Run(LokiQuery* query, int number) {
  for (;;) {
    Slice* slice = nullptr;
    {
      absl::MutexLock lock(&mutex_);
      slice = NextSlice();
    }
    if (slice == nullptr) return;
    absl::Status status;
    try {
      status = ReadSlice(query, number, slice);
    } catch (const std::exception& error) {
      status = absl::InternalError(error.what());
    }
    absl::MutexLock lock(&mutex_);
    slice->done = true;
    slice->status = status;
    if (!status.ok()) sliced_to_ = options_.to;
  }
}

absl::Status LokiHistory::ReadSlice(LokiQuery* query, int number, Slice* slice) {
  TimeNs from = slice->from;
  while (from < slice->to) {
    absl::StatusOr<LokiPage> page = ReadPage(query, number, from, slice->to);
    if (absl::IsOutOfRange(page.status())) {
      LokiPage none;
      none.complete_to = from + 1;
      absl::MutexLock lock(&mutex_);
      unreadable_.push_back(std::string(page.status().message()));
      page = std::move(none);
    }
    RETURN_IF_ERROR(page.status());
    from = page->complete_to;
    if (!Hand(slice, *std::move(page))) return absl::CancelledError("cancelled");
  }
  return absl::OkStatus();
}

absl::StatusOr<LokiPage> LokiHistory::ReadPage(LokiQuery* query, int number, TimeNs from,
                                               TimeNs to) {
  BackOff back_off(static_cast<uint64_t>(number));
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<LokiPage> page = query->Read(from, to);
    const bool last = page.ok() || !MayPass(page.status()) || attempt == options_.tries;
    absl::MutexLock lock(&mutex_);
    if (last) {
      if (attempt > 1) NoteEnd(page.ok());
      return page;
    }
    if (attempt == 1) ++unanswered_;
    // Who is asked too much is asked for less first.
    if (attempt > 1 || !absl::IsResourceExhausted(page.status())) NoteOutage(page.status());
    const DurationNs asked = query->asked_to_wait();
    const DurationNs wait = asked > 0 ? back_off.AsAsked(asked) : back_off.Next();
    mutex_.AwaitWithTimeout(absl::Condition(&stopping_), absl::Nanoseconds(wait));
    if (stopping_) return absl::CancelledError("cancelled");
  }
}

void LokiHistory::NoteOutage(const absl::Status& status) {
  if (std::exchange(outage_said_, true) || stopping_) return;
  const LokiTarget& target = options_.query.target;
  LogWarn("a Loki cannot be asked; it is asked again", {{"url", target.http.base.ToString()},
                                                        {"tenant", target.tenant},
                                                        {"err", std::string(status.message())}});
}

// An outage is over when all who waited have their answers: one may come between two failures.
void LokiHistory::NoteEnd(bool answered) {
  if (--unanswered_ > 0 || !answered || !std::exchange(outage_said_, false)) return;
  LogInfo("a Loki can be asked again", {{"url", options_.query.target.http.base.ToString()},
                                        {"tenant", options_.query.target.tenant}});
}

// What waits is bounded, but whose turn it is may always go on.
bool LokiHistory::MayHand(const Slice* slice) const {
  return stopping_ || bytes_ < options_.max_bytes ||
         (!slices_.empty() && slices_.front().get() == slice && slice->pages.empty());
}

bool LokiHistory::Hand(Slice* slice, LokiPage page) {
  absl::MutexLock lock(&mutex_);
  const auto may_hand = [this, slice]()
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return MayHand(slice); };
  mutex_.Await(absl::Condition(&may_hand));
  if (stopping_) return false;
  bytes_ += page.entries.memory;
  slice->pages.push_back(std::move(page));
  return true;
}

absl::StatusOr<bool> LokiHistory::Next(LokiPage* page) {
  absl::MutexLock lock(&mutex_);
  for (;;) {
    const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      if (slices_.empty()) return sliced_to_ >= options_.to;
      return slices_.front()->done || !slices_.front()->pages.empty();
    };
    mutex_.Await(absl::Condition(&ready));
    if (slices_.empty()) return false;
    Slice* const first = slices_.front().get();
    if (!first->pages.empty()) {
      *page = std::move(first->pages.front());
      first->pages.pop_front();
      bytes_ -= page->entries.memory;
      return true;
    }
    RETURN_IF_ERROR(first->status);
    slices_.pop_front();
  }
}

std::vector<std::string> LokiHistory::unreadable() const {
  absl::MutexLock lock(&mutex_);
  return unreadable_;
}

}  // namespace tallybell
