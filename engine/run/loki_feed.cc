// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/loki_feed.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

#include "absl/time/time.h"
#include "engine/base/log.h"
#include "engine/base/status_macros.h"

namespace tallybell {
namespace {

constexpr size_t kMaxQueue = 16 << 20;  // bytes of batches that wait; one more may come
constexpr DurationNs kLongestRest = kSecond;
// The tail speaks every half a second; between two questions for its sake lies at least this, and
// more where they take long: the Loki has others to answer.
constexpr DurationNs kBetweenEarly = 100 * kMillisecond;
constexpr int64_t kRestForWork = 3;
// Of what came late no more is asked for at once for the tail's sake, nor before it for others'.
constexpr DurationNs kMostLate = kMinute;
// A Loki that is back is found so soon; it is asked more often while it is well.
constexpr DurationNs kLongestBackOff = 15 * kSecond;
// Whoever was cut off may have been so earlier than we were, and what it kept is older than that.
constexpr DurationNs kBeforeGap = 20 * kSecond;
// What the tail had not told yet when it was last followed up lies within this.
constexpr DurationNs kOverlap = 2 * kSecond;
// A stamp of the tail that is farther ahead is followed up when its time has come.
constexpr DurationNs kMaxAhead = kMinute;
// While both are behind, what is late gets as many pages as what is new; so many may be owed.
constexpr int kMostOwed = 64;
constexpr DurationNs kBetweenLogs = 10 * kSecond;

}  // namespace

absl::StatusOr<std::unique_ptr<LokiFeed>> LokiFeed::Create(const LokiSourceConfig* config,
                                                           const Clock* clock, Metrics* metrics) {
  LokiQuery::Options options;
  options.target = config->target;
  options.page = config->page;
  options.timeout = config->timeout;
  ASSIGN_OR_RETURN(std::unique_ptr<LokiQuery> query, LokiQuery::Create(options, clock));
  std::unique_ptr<LokiTail> tail;
  if (config->tail) {
    ASSIGN_OR_RETURN(tail, LokiTail::Create(config->target, config->Key(), clock, metrics));
  }
  return std::unique_ptr<LokiFeed>(
      new LokiFeed(config, std::move(query), std::move(tail), clock, metrics));
}

LokiFeed::LokiFeed(const LokiSourceConfig* config, std::unique_ptr<LokiQuery> query,
                   std::unique_ptr<LokiTail> tail, const Clock* clock, Metrics* metrics)
    : config_(config),
      query_(std::move(query)),
      tail_(std::move(tail)),
      clock_(clock),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      queries_total_(metrics->Get("loki_queries_total", {{"source", config->Key()}})),
      failures_total_(metrics->Get("loki_query_failures_total", {{"source", config->Key()}})),
      unreadable_total_(
          metrics->Get("loki_unreadable_instants_total", {{"source", config->Key()}})),
      back_off_(std::hash<std::string>()(config->Key())) {}

LokiFeed::~LokiFeed() { Stop(); }

void LokiFeed::Start(LokiPasses passes, TimeNs doubted) {
  {
    absl::MutexLock lock(&mutex_);
    passes_ = std::move(passes);
    if (doubted != kNever) doubt_.NoteGap(doubted, clock_->Monotonic());
  }
  thread_ = std::thread([this] { Run(); });
  if (tail_ == nullptr) return;
  tail_->Start([this](TimeNs first, TimeNs last) { Hear(first, last); }, [this] { NoteGap(); });
}

void LokiFeed::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  query_->Cancel();
  if (tail_ != nullptr) tail_->Stop();
  if (thread_.joinable()) thread_.join();
}

bool LokiFeed::Take(LokiBatch* batch) {
  absl::MutexLock lock(&mutex_);
  if (queue_.empty()) return false;
  *batch = std::move(queue_.front());
  queue_.pop_front();
  queue_bytes_ -= batch->entries.memory;
  changed_.SignalAll();
  return true;
}

size_t LokiFeed::bytes() const {
  absl::MutexLock lock(&mutex_);
  return queue_bytes_;
}

absl::Status LokiFeed::fault() const {
  absl::MutexLock lock(&mutex_);
  return fault_;
}

// Who was so late may have had more to tell, of as long before that; a clock that is always behind
// is not to make it much.
void LokiFeed::NoteLate(TimeNs time) {
  absl::MutexLock lock(&mutex_);
  const DurationNs late = std::clamp<DurationNs>(SubtractNs(clock_->Now(), time), 0, kMostLate);
  doubt_.NoteLate(SubtractNs(time, AddNs(late, kOverlap)), clock_->Monotonic());
}

TimeNs LokiFeed::doubted() const {
  absl::MutexLock lock(&mutex_);
  return doubt_.from();
}

void LokiFeed::Restrict(TimeNs give_up, bool early) {
  absl::MutexLock lock(&mutex_);
  passes_->GiveUp(give_up);
  early_ = early;
}

void LokiFeed::TakeWakeUps() {
  eventfd_t count = 0;
  eventfd_read(wake_.get(), &count);
}

void LokiFeed::Hear(TimeNs first, TimeNs last) {
  absl::MutexLock lock(&mutex_);
  heard_ = true;
  if (first != kNoTime) {
    heard_first_ = std::min(heard_first_, first);
    heard_last_ = std::max(heard_last_, last);
  }
  changed_.SignalAll();
}

// Whatever cut the tail may have cut those who push, too.
void LokiFeed::NoteGap() {
  absl::MutexLock lock(&mutex_);
  doubt_.NoteGap(SubtractNs(passes_->settled(), kBeforeGap), clock_->Monotonic());
  changed_.SignalAll();
}

// What the tail has told of is asked for; the sweep finds what it was silent about.
bool LokiFeed::FindEarlyWork(TimeNs now, TimeNs mono) {
  if (!heard_ || !early_ || mono < next_early_) return false;
  heard_ = false;
  next_early_ = AddNs(mono, kBetweenEarly);
  TimeNs first = std::exchange(heard_first_, kNever);
  const TimeNs last = std::exchange(heard_last_, kNoTime);
  const TimeNs settled = passes_->settled();
  const TimeNs after = std::min(std::max(now, AddNs(last, 1)), AddNs(now, kMaxAhead));
  // What nobody will ask for any more hides nothing of the rest.
  if (last >= passes_->horizon()) first = std::max(first, passes_->horizon());
  if (first < settled && first >= passes_->horizon()) {
    // It came late, with what the tail may not have told. What lies between is not read for its
    // sake at once.
    const TimeNs from = std::max(SubtractNs(first, kOverlap), passes_->horizon());
    const TimeNs to = std::min(AddNs(last, kOverlap), AddNs(first, kMostLate));
    work_ = Work{from, std::min(to, settled), LokiBatch::Found::kTail, mono};
    doubt_.NoteLate(from, mono);
    if (last >= settled) heard_ = true;
    return true;
  }
  const TimeNs unheard = early_to_ == kNoTime ? settled : SubtractNs(early_to_, kOverlap);
  const TimeNs from = std::max(settled, std::min(first, unheard));
  early_to_ = now;
  if (from >= after) return false;
  work_ = Work{from, after, LokiBatch::Found::kTail, mono};
  return true;
}

// What was read before is asked for again.
bool LokiFeed::FindLateWork(TimeNs now, TimeNs mono) {
  if (const std::optional<TimeNs> from = doubt_.Due(passes_->settled(), mono)) {
    const TimeNs known = std::max(*from, passes_->horizon());
    if (known < passes_->settled()) {
      work_ = Work{known, passes_->settled(), LokiBatch::Found::kLate, mono};
      return true;
    }
  }
  if (const std::optional<LokiPasses::Span> again = passes_->DueAgain(now)) {
    work_ = Work{again->from, again->to, LokiBatch::Found::kLate, mono};
    return true;
  }
  return false;
}

bool LokiFeed::FindWork() {
  const TimeNs now = clock_->Now();
  const TimeNs mono = clock_->Monotonic();
  if (queue_bytes_ >= kMaxQueue || mono < retry_at_) return false;
  if (work_.has_value()) return true;
  passes_->NoteClock(now);
  if (owed_ > 0 && ResumeLate()) return true;
  if (mono >= next_sweep_) {
    next_sweep_ = AddNs(mono, config_->sweep_every);
    const TimeNs to = early_ ? now : SubtractNs(now, config_->settle);
    if (passes_->settled() < to) {
      work_ = Work{passes_->settled(), to, LokiBatch::Found::kSweep, mono};
      early_to_ = now;
      return true;
    }
  }
  return FindEarlyWork(now, mono) || ResumeLate() || FindLateWork(now, mono);
}

bool LokiFeed::ResumeLate() {
  if (!late_.has_value()) return false;
  work_ = std::exchange(late_, std::nullopt);
  work_->from = std::max(work_->from, passes_->horizon());
  if (work_->from < work_->to) return true;
  work_.reset();
  return false;
}

// After a page: what is late may be much, and what is new does not wait for all of it.
void LokiFeed::Yield() {
  if (work_->found != LokiBatch::Found::kLate) {
    owed_ = std::min(owed_ + 1, kMostOwed);
    return;
  }
  owed_ = std::max(owed_ - 1, 0);
  const TimeNs mono = clock_->Monotonic();
  const bool due = mono >= next_sweep_ || (heard_ && early_ && mono >= next_early_);
  if (due && owed_ == 0) late_ = std::exchange(work_, std::nullopt);
}

void LokiFeed::EndWork() {
  if (work_->found == LokiBatch::Found::kTail) {
    const TimeNs mono = clock_->Monotonic();
    next_early_ = std::max(next_early_, AddNs(mono, kRestForWork * SubtractNs(mono, work_->began)));
  }
  work_.reset();
}

DurationNs LokiFeed::Patience() const {
  const TimeNs mono = clock_->Monotonic();
  TimeNs until = std::min(next_sweep_, doubt_.next());
  if (heard_ && early_) until = std::min(until, next_early_);
  if (queue_bytes_ >= kMaxQueue) until = kNever;
  until = std::max(until, retry_at_);
  return std::clamp<DurationNs>(SubtractNs(until, mono), kMillisecond, kLongestRest);
}

void LokiFeed::Run() {
  mutex_.Lock();
  while (!stopping_) {
    if (!FindWork()) {
      changed_.WaitWithTimeout(&mutex_, absl::Nanoseconds(Patience()));
      continue;
    }
    const Work work = *work_;
    mutex_.Unlock();
    absl::StatusOr<LokiPage> page = absl::InternalError("not read");
    try {
      page = query_->Read(work.from, work.to);
    } catch (const std::exception& error) {
      page = absl::InternalError(error.what());
    }
    queries_total_.Add();
    mutex_.Lock();
    if (!stopping_) Settle(std::move(page));
  }
  mutex_.Unlock();
}

void LokiFeed::Settle(absl::StatusOr<LokiPage> page) {
  if (absl::IsOutOfRange(page.status())) {
    // It would never be read: say so, and go on behind it.
    unreadable_total_.Add();
    LogError("lines of one instant of a Loki cannot be read",
             {{"source", config_->Key()}, {"err", std::string(page.status().message())}});
    LokiPage none;
    none.complete_to = work_->from + 1;
    none.asked_at = clock_->Now();
    page = std::move(none);
  }
  if (!page.ok()) {
    failures_total_.Add();
    NoteFault(page.status());
    // What is left is planned anew, but for what came late.
    if (work_->found != LokiBatch::Found::kTail) next_sweep_ = kNoTime;
    if (work_->found == LokiBatch::Found::kLate) late_ = work_;
    work_.reset();
    const DurationNs asked = query_->asked_to_wait();
    const DurationNs wait =
        asked > 0 ? back_off_.AsAsked(asked) : std::min(back_off_.Next(), kLongestBackOff);
    retry_at_ = AddNs(clock_->Monotonic(), wait);
    return;
  }
  NoteWell();
  LokiBatch batch;
  batch.entries = std::move(page->entries);
  batch.from = work_->from;
  batch.to = page->complete_to;
  batch.asked_at = page->asked_at;
  batch.found = work_->found;
  passes_->NoteRead(batch.from, batch.to, batch.asked_at);
  work_->from = batch.to;
  const bool ended = work_->from >= work_->to;
  Yield();
  if (ended && work_.has_value()) EndWork();
  Deliver(std::move(batch));
}

void LokiFeed::Deliver(LokiBatch batch) {
  // An empty one says something, too: up to when there is nothing.
  batch.entries.memory += sizeof(batch);
  queue_bytes_ += batch.entries.memory;
  queue_.push_back(std::move(batch));
  eventfd_write(wake_.get(), 1);
}

void LokiFeed::NoteFault(const absl::Status& status) {
  fault_ = status;
  const TimeNs mono = clock_->Monotonic();
  if (status.message() == logged_ || SubtractNs(mono, kBetweenLogs) < logged_at_) return;
  logged_ = std::string(status.message());
  logged_at_ = mono;
  LogWarn("a Loki cannot be read; what it stores is read later",
          {{"source", config_->Key()}, {"err", logged_}});
}

void LokiFeed::NoteWell() {
  back_off_.Reset();
  // Who could not be asked could not be told either.
  if (!fault_.ok()) {
    doubt_.NoteGap(SubtractNs(passes_->settled(), kBeforeGap), clock_->Monotonic());
  }
  fault_ = absl::OkStatus();
  if (logged_.empty()) return;
  LogInfo("a Loki can be read again", {{"source", config_->Key()}});
  logged_.clear();
}

}  // namespace tallybell
