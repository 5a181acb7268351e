// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The part of DeliveryQueue for people: what waits or is parked, to be tried anew or given up.

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/model/labels.h"
#include "engine/outbox/delivery_queue.h"

namespace tallybell {
namespace {

constexpr absl::string_view kByHand = "by hand";

bool IsUntold(const Episode& e) {
  if (e.dropped || e.done) return false;
  return !e.parked.empty() || e.ended() || !e.accepted();
}

absl::Status NotFound(absl::string_view id) {
  return absl::NotFoundError(absl::StrCat("nothing that waits has the id ", id));
}

}  // namespace

std::string UntoldId(absl::string_view receiver, int64_t episode) {
  Labels identity;
  identity.Set("receiver", receiver);
  identity.Set("episode", absl::StrCat(episode));
  return FormatFingerprint(identity.Fingerprint()).substr(0, 12);
}

TimeNs DeliveryQueue::NextAttempt(const Episode& e, Moment now) const {
  const TimeNs hold = e.accepted() ? e.hold_until : TimeNs{0};
  const TimeNs due = std::max({e.not_before, closed_until_, hold});
  return due > now.mono ? AddNs(now.wall, due - now.mono) : e.next_at;
}

std::vector<Untold> DeliveryQueue::ListUntold(Moment now) const {
  std::map<int64_t, Untold> untold;
  const auto add = [&](const Episode& e) {
    if (!IsUntold(e)) return;
    Untold one;
    one.id = UntoldId(options_.receiver, e.id);
    one.receiver = options_.receiver;
    one.end = e.accepted();
    one.parked = !e.parked.empty();
    one.alert = e.alert;
    one.offered_at = e.offered_at;
    one.attempts = e.attempts;
    one.answer = one.parked ? e.parked : e.error;
    if (!one.parked) one.next_attempt = NextAttempt(e, now);
    untold.emplace(e.id, std::move(one));
  };
  for (const auto& [fingerprint, key] : keys_) {
    for (const Episode& episode : key->episodes) add(episode);
    if (key->parked.has_value()) add(*key->parked);
  }
  std::vector<Untold> list;
  list.reserve(untold.size());
  for (auto& [id, one] : untold) list.push_back(std::move(one));
  return list;
}

ReceiverStanding DeliveryQueue::Standing(Moment now) const {
  ReceiverStanding standing;
  standing.receiver = options_.receiver;
  const Episode* oldest = nullptr;
  const auto add = [&](const Episode& e) {
    if (!IsUntold(e)) return;
    ++(e.parked.empty() ? standing.waiting : standing.parked);
    if (!e.parked.empty() || e.offered_at == kNoTime) return;
    if (oldest == nullptr || e.offered_at < oldest->offered_at) oldest = &e;
  };
  for (const auto& [fingerprint, key] : keys_) {
    for (const Episode& episode : key->episodes) add(episode);
    if (key->parked.has_value()) add(*key->parked);
  }
  if (oldest == nullptr) return standing;
  standing.offered_at = oldest->offered_at;
  standing.next_attempt = NextAttempt(*oldest, now);
  standing.attempts = oldest->attempts;
  standing.answer = oldest->error;
  return standing;
}

// Its place is before what came later, so it can be told only while nothing of that was.
bool DeliveryQueue::CanRetry(const Key& key) const {
  if (key.in_flight != 0) return false;
  if (key.episodes.empty()) return true;
  const Episode& next = key.episodes.front();
  return !next.accepted() && !next.done && !next.firing_deferred;
}

void DeliveryQueue::Retry(const std::string& fingerprint, Key& key, Moment now, Delta* delta) {
  Episode episode = *std::move(key.parked);
  key.parked.reset();
  episode.parked.clear();
  episode.tries = 0;
  episode.blamed = 0;
  episode.attempts = 0;
  episode.offered_at = kNoTime;
  episode.next_at = kNoTime;
  episode.error.clear();
  episode.not_before = 0;
  WriteHistory(episode, "retried", episode.accepted() ? "resolved" : "firing", kByHand, now, delta);
  WriteAnswered(episode, delta);
  key.episodes.push_front(std::move(episode));
  Refresh(fingerprint);
}

absl::Status DeliveryQueue::RetryParked(absl::string_view id, Moment now, Delta* delta) {
  for (const auto& [fingerprint, key] : keys_) {
    if (!key->parked.has_value() || !IsUntold(*key->parked)) continue;
    if (UntoldId(options_.receiver, key->parked->id) != id) continue;
    if (!CanRetry(*key)) {
      return absl::FailedPreconditionError("the receiver was told of a later firing of this alert");
    }
    Retry(fingerprint, *key, now, delta);
    return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat("nothing that is parked has the id ", id));
}

int DeliveryQueue::RetryAllParked(Moment now, Delta* delta) {
  int retried = 0;
  for (const auto& [fingerprint, key] : keys_) {
    if (!key->parked.has_value() || !IsUntold(*key->parked) || !CanRetry(*key)) continue;
    Retry(fingerprint, *key, now, delta);
    ++retried;
  }
  return retried;
}

absl::Status DeliveryQueue::Drop(absl::string_view id, Moment now, Delta* delta) {
  for (const auto& [fingerprint, slot] : keys_) {
    Key& key = *slot;
    const auto is_it = [&](const Episode& e) {
      return IsUntold(e) && UntoldId(options_.receiver, e.id) == id;
    };
    const auto found = std::find_if(key.episodes.begin(), key.episodes.end(), is_it);
    const bool waits = found != key.episodes.end();
    if (!waits && !(key.parked.has_value() && is_it(*key.parked))) continue;
    Episode episode = waits ? *found : *key.parked;
    if (key.in_flight == episode.id) {
      return absl::UnavailableError("the receiver is being told of it at this moment");
    }
    WriteHistory(episode, "dropped", episode.accepted() ? "resolved" : "firing", kByHand, now,
                 delta);
    if (episode.ended()) {
      Remove(key, episode.id, delta);
    } else {
      if (waits) key.episodes.erase(found);
      Forget(key, std::move(episode), delta);
    }
    Refresh(std::string(fingerprint));
    return absl::OkStatus();
  }
  return NotFound(id);
}

// What fires still is kept as parked: nobody hears of it, but its end is known when it comes.
void DeliveryQueue::Forget(Key& key, Episode episode, Delta* delta) {
  if (key.parked.has_value() && key.parked->id != episode.id) Remove(key, key.parked->id, delta);
  episode.parked = std::string(kByHand);
  episode.dropped = true;
  WriteAnswered(episode, delta);
  key.parked = std::move(episode);
}

}  // namespace tallybell
