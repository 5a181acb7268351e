// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/loki_tail.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/base/status_macros.h"
#include "engine/outbox/back_off.h"
#include "engine/source/loki_tail_message.h"

namespace tallybell {
namespace {

// A start that the server takes for the future ends the tail, and its clock may be behind ours.
constexpr DurationNs kBefore = 10 * kMinute;
// Loki ends every tail after an hour; only one that cannot be had again is worth a line.
constexpr int kFailuresBeforeLog = 3;
// A Loki that is back is found so soon.
constexpr DurationNs kLongestBackOff = 15 * kSecond;
// One that lasted so long was a good one, though nothing came.
constexpr DurationNs kWhole = 10 * kSecond;
// A hundred lines as long as any, with what of them is escaped.
constexpr size_t kMaxMessage = 32 << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<LokiTail>> LokiTail::Create(const LokiTarget& target,
                                                           const std::string& source,
                                                           const Clock* clock, Metrics* metrics) {
  WebSocketClient::Options options;
  options.http = target.http;
  options.max_message = kMaxMessage;
  ASSIGN_OR_RETURN(std::unique_ptr<WebSocketClient> client, WebSocketClient::Create(options));
  return std::unique_ptr<LokiTail>(new LokiTail(std::move(client), target, source, clock, metrics));
}

LokiTail::LokiTail(std::unique_ptr<WebSocketClient> client, const LokiTarget& target,
                   const std::string& source, const Clock* clock, Metrics* metrics)
    : client_(std::move(client)),
      target_(target),
      source_(source),
      clock_(clock),
      connected_(metrics->Get("loki_tail_connected", {{"source", source}})),
      ends_total_(metrics->Get("loki_tail_ends_total", {{"source", source}})) {}

LokiTail::~LokiTail() { Stop(); }

void LokiTail::Start(Heard heard, Gap gap) {
  heard_ = std::move(heard);
  gap_ = std::move(gap);
  thread_ = std::thread([this] { Run(); });
}

void LokiTail::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  client_->Cancel();
  if (thread_.joinable()) thread_.join();
}

bool LokiTail::Rest(DurationNs wait) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&stopping_), absl::Nanoseconds(wait));
  return !stopping_;
}

void LokiTail::Run() {
  BackOff back_off(std::hash<std::string>()(source_));
  do {
    absl::Status ended;
    connected_at_ = kNever;
    try {
      ended = Listen();
    } catch (const std::exception& error) {
      ended = absl::InternalError(error.what());
    }
    connected_.Set(0);
    if (absl::IsCancelled(ended)) return;
    ends_total_.Add();
    if (SubtractNs(clock_->Monotonic(), kWhole) >= connected_at_) failures_ = 0;
    // One that never was a tail, as where all are given away, leaves no gap.
    if (connected_at_ != kNever && failures_ == 0) gap_();
    if (failures_ == 0) back_off.Reset();
    Note(ended);
  } while (Rest(std::min(back_off.Next(), kLongestBackOff)));
}

void LokiTail::Note(const absl::Status& ended) {
  if (++failures_ != kFailuresBeforeLog) return;
  logged_ = true;
  LogWarn("the tail of a Loki cannot be had; its lines are asked for instead",
          {{"source", source_}, {"err", std::string(ended.message())}});
}

// One connection, to its end.
absl::Status LokiTail::Listen() {
  const TimeNs start = SubtractNs(clock_->Now(), kBefore);
  RETURN_IF_ERROR(client_->Open(LokiPath("tail", target_, start, 1), LokiHeaders(target_)));
  connected_.Set(1);
  connected_at_ = clock_->Monotonic();
  heard_(kNoTime, kNoTime);
  for (bool first = true;; first = false) {
    ASSIGN_OR_RETURN(const std::string message, client_->Read());
    ASSIGN_OR_RETURN(const LokiTailMessage news, ReadLokiTailMessage(message));
    failures_ = 0;
    if (std::exchange(logged_, false)) {
      LogInfo("the tail of a Loki is back", {{"source", source_}});
    }
    if (news.left_out) gap_();
    // The first may be the one line of the past that is asked for, because no fewer can be.
    if (news.lines == 0 || (first && news.lines == 1)) {
      heard_(kNoTime, kNoTime);
    } else {
      heard_(news.first, news.last);
    }
  }
}

}  // namespace tallybell
