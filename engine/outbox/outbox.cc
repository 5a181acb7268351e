// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/outbox.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/outbox/delivery_record.h"
#include "engine/outbox/receiver.h"
#include "engine/outbox/stored_outbox.h"

namespace tallybell {
namespace {

// Another for each receiver and each start, so that replicas do not come back in step.
uint64_t Seed(const std::string& receiver, const Clock& clock) {
  return Labels{{"receiver", receiver}}.Fingerprint() ^ static_cast<uint64_t>(clock.Monotonic());
}

// Beyond this the log and the metric say how many; history is for what happened, too.
constexpr size_t kMaxRecordedLost = 1'000;

// What became of notices whose receiver is gone.
void RecordLost(const std::vector<OutboxRow>& rows, TimeNs now, Delta* delta) {
  const StoredOutbox outbox(rows, {now, 0});
  std::vector<Untold> lost = outbox.ListUntold();
  lost.resize(std::min(lost.size(), kMaxRecordedLost));
  for (const Untold& untold : lost) {
    DeliveryRecord record;
    record.kind = "dropped";
    record.receiver = untold.receiver;
    record.state = untold.end ? "resolved" : "firing";
    record.answer = "the receiver is not configured any more";
    delta->history.push_back(HistoryRowOf(record, *untold.alert, now));
  }
}

}  // namespace

Outbox::Outbox(Options options, std::vector<std::unique_ptr<Sink>> sinks, const Clock* clock,
               Metrics* metrics, Acknowledge acknowledge)
    : options_(options), clock_(clock), metrics_(metrics), acknowledge_(std::move(acknowledge)) {
  const auto share = std::max<int64_t>(
      1, options_.max_rows / std::max<int64_t>(1, static_cast<int64_t>(sinks.size())));
  for (std::unique_ptr<Sink>& sink : sinks) {
    DeliveryQueue::Options queue;
    queue.receiver = sink->name();
    queue.policy = sink->policy();
    queue.max_alert_age = options_.max_alert_age;
    queue.max_episodes = static_cast<size_t>(share);
    queue.seed = Seed(queue.receiver, *clock_);
    receivers_.push_back(std::make_shared<Receiver>(std::move(queue), std::move(sink), clock_,
                                                    metrics_, acknowledge_));
  }
}

Outbox::~Outbox() { Stop(); }

absl::Status Outbox::Restore(const std::vector<OutboxRow>& rows, Delta* orphans) {
  std::map<std::string, std::vector<OutboxRow>> rows_of;
  for (const OutboxRow& row : rows) rows_of[row.receiver].push_back(row);
  for (const std::shared_ptr<Receiver>& receiver : receivers_) {
    const auto it = rows_of.find(receiver->name());
    if (it == rows_of.end()) continue;
    receiver->Restore(it->second, orphans);
    rows_of.erase(it);
  }
  for (const auto& [receiver, lost] : rows_of) {
    LogWarn("alerts waited for a receiver that is not configured any more; they are dropped",
            {{"receiver", receiver}, {"rows", absl::StrCat(lost.size())}});
    metrics_->Get("outbox_dropped_total", {{"receiver", receiver}, {"reason", "unconfigured"}})
        .Add(static_cast<int64_t>(lost.size()));
    RecordLost(lost, clock_->Now(), orphans);
    for (const OutboxRow& row : lost) {
      orphans->outbox.push_back({row.receiver, row.id, row.fingerprint, "", true});
    }
  }
  return absl::OkStatus();
}

void Outbox::Start() {
  for (const std::shared_ptr<Receiver>& receiver : receivers_) receiver->Start();
}

void Outbox::Tell(std::vector<AlertUpdate> updates, Delta* delta) {
  if (updates.empty()) return;
  bool durable = false;
  std::vector<Receiver::Said> said;
  said.reserve(updates.size());
  for (AlertUpdate& update : updates) {
    durable = durable || update.kind != AlertUpdate::Kind::kValue;
    if (update.kind != AlertUpdate::Kind::kResolved) update.alert.ends_at = kNoTime;
    said.emplace_back(update.kind, std::make_shared<const Alert>(std::move(update.alert)));
  }
  const int64_t commit = ++commits_;
  for (const std::shared_ptr<Receiver>& receiver : receivers_) {
    receiver->Tell(said, commit, delta);
    if (!durable) continue;
    delta->committed.push_back([weak = std::weak_ptr<Receiver>(receiver), commit] {
      if (const std::shared_ptr<Receiver> alive = weak.lock()) alive->Committed(commit);
    });
  }
  if (durable) delta->urgent = true;
}

std::vector<DeadLetter> Outbox::DeadLetters() const {
  std::vector<DeadLetter> letters;
  for (Untold& untold : ListUntold()) {
    if (!untold.parked) continue;
    letters.push_back(
        {std::move(untold.receiver), std::move(untold.alert), std::move(untold.answer)});
  }
  return letters;
}

std::vector<Untold> Outbox::ListUntold() const {
  std::vector<Untold> all;
  for (const std::shared_ptr<Receiver>& receiver : receivers_) {
    for (Untold& untold : receiver->ListUntold()) all.push_back(std::move(untold));
  }
  return all;
}

std::vector<ReceiverStanding> Outbox::Standings() const {
  std::vector<ReceiverStanding> standings;
  for (const std::shared_ptr<Receiver>& receiver : receivers_) {
    standings.push_back(receiver->Standing());
  }
  return standings;
}

void Outbox::UpdateGauges() const {
  const TimeNs now = clock_->Now();
  std::map<std::string, DurationNs> oldest;
  for (const std::shared_ptr<Receiver>& receiver : receivers_) oldest[receiver->name()] = 0;
  for (const Untold& untold : ListUntold()) {
    if (untold.parked || untold.offered_at == kNoTime) continue;
    DurationNs& age = oldest[untold.receiver];
    age = std::max(age, SubtractNs(now, untold.offered_at));
  }
  for (const auto& [receiver, age] : oldest) {
    metrics_->Get("outbox_oldest_seconds", {{"receiver", receiver}}).Set(age);
  }
}

absl::Status Outbox::RetryParked(absl::string_view id) {
  for (const std::shared_ptr<Receiver>& receiver : receivers_) {
    const absl::Status status = receiver->RetryParked(id);
    if (!absl::IsNotFound(status)) return status;
  }
  return absl::NotFoundError(absl::StrCat("nothing that is parked has the id ", id));
}

int Outbox::RetryAllParked() {
  int retried = 0;
  for (const std::shared_ptr<Receiver>& receiver : receivers_) {
    retried += receiver->RetryAllParked();
  }
  return retried;
}

absl::Status Outbox::Drop(absl::string_view id) {
  for (const std::shared_ptr<Receiver>& receiver : receivers_) {
    const absl::Status status = receiver->Drop(id);
    if (!absl::IsNotFound(status)) return status;
  }
  return absl::NotFoundError(absl::StrCat("nothing that waits has the id ", id));
}

void Outbox::Stop() {
  for (const std::shared_ptr<Receiver>& receiver : receivers_) receiver->BeginStop();
  // All at once: the wait for one is the others' too.
  const TimeNs until = AddNs(clock_->Monotonic(), options_.shutdown);
  for (const std::shared_ptr<Receiver>& receiver : receivers_) {
    receiver->FinishStop(std::max<DurationNs>(0, until - clock_->Monotonic()));
  }
  receivers_.clear();
}

}  // namespace tallybell
