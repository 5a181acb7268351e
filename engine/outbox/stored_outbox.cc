// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/stored_outbox.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tallybell {

StoredOutbox::StoredOutbox(const std::vector<OutboxRow>& rows, Moment now) : now_(now) {
  std::map<std::string, std::vector<OutboxRow>> rows_of;
  for (const OutboxRow& row : rows) rows_of[row.receiver].push_back(row);
  for (auto& [name, own] : rows_of) {
    // As they were said: the last of an alert tells whether it fires.
    std::sort(own.begin(), own.end(),
              [](const OutboxRow& a, const OutboxRow& b) { return a.id < b.id; });
    Receiver& receiver = receivers_[name];
    for (const OutboxRow& row : own) {
      if (row.id % 2 != 0) continue;
      const absl::StatusOr<Episode> episode = EpisodeFromSaid(row.state);
      if (!episode.ok()) continue;
      if (episode->ended()) {
        receiver.firing.erase(row.fingerprint);
      } else {
        receiver.firing.insert_or_assign(row.fingerprint, *episode->alert);
      }
    }
    DeliveryQueue::Options options;
    options.receiver = name;
    // It limits what the next run keeps, not what is looked at.
    options.max_episodes = own.size() + 1;
    receiver.queue = std::make_unique<DeliveryQueue>(std::move(options), &metrics_);
    Delta repairs;
    receiver.queue->Restore(own, now_, &repairs);
  }
}

std::vector<Untold> StoredOutbox::ListUntold() const {
  std::vector<Untold> all;
  for (const auto& [name, receiver] : receivers_) {
    for (Untold& untold : receiver.queue->ListUntold(now_)) all.push_back(std::move(untold));
  }
  return all;
}

absl::Status StoredOutbox::RetryParked(absl::string_view id, Delta* delta) {
  for (const auto& [name, receiver] : receivers_) {
    const absl::Status status = receiver.queue->RetryParked(id, now_, delta);
    if (!absl::IsNotFound(status)) return status;
  }
  return absl::NotFoundError(absl::StrCat("nothing that is parked has the id ", id));
}

int StoredOutbox::RetryAllParked(Delta* delta) {
  int retried = 0;
  for (const auto& [name, receiver] : receivers_) {
    retried += receiver.queue->RetryAllParked(now_, delta);
  }
  return retried;
}

absl::Status StoredOutbox::Drop(absl::string_view id, Delta* delta) {
  for (const auto& [name, receiver] : receivers_) {
    const absl::Status status = receiver.queue->Drop(id, now_, delta);
    if (!absl::IsNotFound(status)) return status;
  }
  return absl::NotFoundError(absl::StrCat("nothing that waits has the id ", id));
}

std::optional<Alert> StoredOutbox::End(absl::string_view fingerprint, TimeNs at, Delta* delta) {
  std::optional<Alert> ended;
  for (auto& [name, receiver] : receivers_) {
    const auto it = receiver.firing.find(std::string(fingerprint));
    if (it == receiver.firing.end()) continue;
    Alert alert = std::move(it->second);
    receiver.firing.erase(it);
    alert.ends_at = std::max(at, alert.starts_at);
    // What nobody runs on is committed by whoever takes the rows.
    receiver.queue->Tell(AlertUpdate::Kind::kResolved, std::make_shared<const Alert>(alert),
                         /*commit=*/0, now_, delta);
    ended = std::move(alert);
  }
  return ended;
}

}  // namespace tallybell
