// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The part of DeliveryQueue that keeps it durable and bounded: rows, dead letters, limits.

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/base/log.h"
#include "engine/model/labels.h"
#include "engine/outbox/delivery_queue.h"
#include "engine/outbox/delivery_record.h"

namespace tallybell {

void DeliveryQueue::Restore(const std::vector<OutboxRow>& rows, Moment now, Delta* delta) {
  std::map<int64_t, std::pair<std::string, Episode>> episodes;  // by id, with the fingerprint
  std::vector<const OutboxRow*> answered;
  const auto erase = [&](const OutboxRow& row) {
    delta->outbox.push_back({row.receiver, row.id, row.fingerprint, "", true});
  };
  for (const OutboxRow& row : rows) {
    next_id_ = std::max(next_id_, row.id / 2 + 1);
    if (row.id % 2 != 0) {
      answered.push_back(&row);
      continue;
    }
    absl::StatusOr<Episode> episode = EpisodeFromSaid(row.state);
    if (!episode.ok()) {
      LogError("a notice that was not told is lost",
               {{"receiver", options_.receiver}, {"err", std::string(episode.status().message())}});
      Dropped("damaged").Add();
      erase(row);
      continue;
    }
    episode->id = row.id / 2;
    episodes[episode->id] = {row.fingerprint, *std::move(episode)};
  }
  for (const OutboxRow* row : answered) {
    const auto it = episodes.find(row->id / 2);
    // Without its answer an episode is told once more, which is allowed.
    if (it == episodes.end() || !ReadAnswered(row->state, &it->second.second).ok()) erase(*row);
  }
  for (auto& [id, entry] : episodes) {
    auto& [fingerprint, episode] = entry;
    if (episode.accepted() && episode.ended() && !options_.policy.wants_resolved) {
      EraseRows(episode, delta);
      continue;
    }
    std::unique_ptr<Key>& key = keys_[fingerprint];
    if (key == nullptr) key = std::make_unique<Key>();
    if (episode.accepted()) {
      const DurationNs min_firing = options_.policy.min_firing;
      const DurationNs held = SubtractNs(now.wall, episode.accepted_at);
      episode.hold_until =
          AddNs(now.mono, std::clamp<DurationNs>(SubtractNs(min_firing, held), 0, min_firing));
      // The receiver may have forgotten it while we were away.
      episode.sent_at = SubtractNs(now.mono, options_.policy.resend_firing);
    }
    if (episode.parked.empty()) {
      episode.tries = 0;
      key->episodes.push_back(std::move(episode));
    } else {
      if (key->parked.has_value()) EraseRows(*key->parked, delta);
      key->parked = std::move(episode);
    }
  }
  for (const auto& [id, entry] : episodes) Refresh(entry.first);
}

void DeliveryQueue::Park(Key& key, const Episode& episode, const std::string& reason, Moment now,
                         Delta* delta) {
  Episode parked = episode;
  parked.next_at = kNoTime;
  parked.parked = reason.empty() ? "rejected" : reason;
  WriteAnswered(parked, delta);
  WriteHistory(parked, "parked", parked.accepted() ? "resolved" : "firing", reason, now, delta);
  parked_.Add();
  if (key.parked.has_value()) Remove(key, key.parked->id, delta);
  key.episodes.pop_front();
  key.parked = std::move(parked);
}

// Takes away from the front what the receiver need not be told any more, because a later state of
// the same alert says more.
void DeliveryQueue::DropSuperseded(Key& key, Moment now, Delta* delta) {
  while (key.episodes.size() > 1 && key.in_flight == 0) {
    const Episode& front = key.episodes.front();
    const bool kept_nothing = !front.accepted() && front.firing_deferred;
    if (!front.done && !kept_nothing && !front.end_deferred) return;
    if (!front.done) {
      WriteHistory(front, "superseded", kept_nothing ? "firing" : "resolved",
                   "a later firing of the alert took its place", now, delta);
    }
    Remove(key, front.id, delta);
  }
}

void DeliveryQueue::LimitUntold(Key& key, Moment now, Delta* delta) {
  const auto untold = [&](const Episode& e) { return !e.accepted() && !e.done; };
  while (static_cast<size_t>(std::count_if(key.episodes.begin(), key.episodes.end(), untold)) >
         kMaxUntold) {
    const auto oldest =
        std::find_if(key.episodes.begin(), key.episodes.end(),
                     [&](const Episode& e) { return untold(e) && e.id != key.in_flight; });
    Dropped("episodes").Add();
    WriteHistory(*oldest, "dropped", "firing", "more episodes wait than are kept", now, delta);
    Remove(key, oldest->id, delta);
  }
}

void DeliveryQueue::LimitEpisodes(Moment now, Delta* delta) {
  while (worth_.size() > options_.max_episodes) {
    const auto [id, fingerprint] = worth_.Least().second;
    Key& key = *keys_.find(fingerprint)->second;
    const auto it = std::find_if(key.episodes.begin(), key.episodes.end(),
                                 [id = id](const Episode& e) { return e.id == id; });
    const Episode& episode = it != key.episodes.end() ? *it : *key.parked;
    if (!episode.done && !episode.dropped) {
      Dropped(!episode.parked.empty() ? "parked" : episode.ended() ? "resolved" : "firing").Add();
      WriteHistory(episode, "dropped", episode.ended() ? "resolved" : "firing",
                   "the outbox is full", now, delta);
    }
    Remove(key, id, delta);
    Refresh(fingerprint);
  }
}

// Forgets an episode, and its rows where there still are any. `delta` may be null for one that is
// done, which has none.
void DeliveryQueue::Remove(Key& key, int64_t id, Delta* delta) {
  const auto forget = [&](const Episode& e) {
    if (!e.done) EraseRows(e, delta);
    worth_.Remove({e.id, FormatFingerprint(e.alert->Fingerprint())});
  };
  if (key.parked.has_value() && key.parked->id == id) {
    forget(*key.parked);
    key.parked.reset();
    return;
  }
  const auto it = std::find_if(key.episodes.begin(), key.episodes.end(),
                               [id](const Episode& e) { return e.id == id; });
  if (it == key.episodes.end()) return;
  forget(*it);
  key.episodes.erase(it);
}

void DeliveryQueue::WriteSaid(const Episode& episode, Delta* delta) const {
  delta->outbox.push_back({options_.receiver, episode.said_row(),
                           FormatFingerprint(episode.alert->Fingerprint()), SaidText(episode),
                           false});
}

void DeliveryQueue::WriteAnswered(const Episode& episode, Delta* delta) const {
  delta->outbox.push_back({options_.receiver, episode.answered_row(),
                           FormatFingerprint(episode.alert->Fingerprint()), AnsweredText(episode),
                           false});
}

void DeliveryQueue::EraseRows(const Episode& episode, Delta* delta) const {
  const std::string fingerprint = FormatFingerprint(episode.alert->Fingerprint());
  delta->outbox.push_back({options_.receiver, episode.said_row(), fingerprint, "", true});
  delta->outbox.push_back({options_.receiver, episode.answered_row(), fingerprint, "", true});
}

void DeliveryQueue::WriteHistory(const Episode& episode, absl::string_view kind,
                                 absl::string_view state, absl::string_view answer, Moment now,
                                 Delta* delta) const {
  DeliveryRecord record;
  record.kind = std::string(kind);
  record.receiver = options_.receiver;
  record.state = std::string(state);
  record.answer = std::string(answer);
  // Of another state than the one that was offered last, there was no attempt.
  if ((state == "resolved") == episode.accepted()) {
    record.offered_at = episode.offered_at;
    record.attempts = episode.attempts;
  }
  delta->history.push_back(HistoryRowOf(record, *episode.alert, now.wall));
}

void DeliveryQueue::WriteHeld(const Episode& episode, Moment now, Delta* delta) const {
  DeliveryRecord record;
  record.kind = "held";
  record.receiver = options_.receiver;
  record.state = "resolved";
  record.answer = "min_firing";
  record.until = AddNs(now.wall, std::max<DurationNs>(0, episode.hold_until - now.mono));
  delta->history.push_back(HistoryRowOf(record, *episode.alert, now.wall));
}

// It fires again while its end is held: the receiver hears neither of that end nor of this firing.
void DeliveryQueue::WriteMerged(const Episode& episode, const Alert& again, Moment now,
                                Delta* delta) const {
  WriteHistory(episode, "superseded", "resolved", "it fired again while its end was held back", now,
               delta);
  DeliveryRecord record;
  record.kind = "merged";
  record.receiver = options_.receiver;
  record.state = "firing";
  record.answer =
      absl::StrCat("goes on as what fires since ", FormatRfc3339(episode.alert->starts_at));
  delta->history.push_back(HistoryRowOf(record, again, now.wall));
}

Metric& DeliveryQueue::Dropped(absl::string_view reason) {
  return metrics_->Get("outbox_dropped_total",
                       {{"receiver", options_.receiver}, {"reason", std::string(reason)}});
}

}  // namespace tallybell
