// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/delivery_queue.h"

#include <algorithm>

#include "engine/model/labels.h"

namespace tallybell {
namespace {

using Kind = Verdict::Kind;

// What is resolved is repeated as often as what fires; where that is never, this often.
constexpr DurationNs kResendResolved = kMinute;

// `alert` with another start; shared where that is what it has.
std::shared_ptr<const Alert> WithStart(std::shared_ptr<const Alert> alert, TimeNs starts_at) {
  if (alert->starts_at == starts_at) return alert;
  auto copy = std::make_shared<Alert>(*alert);
  copy->starts_at = starts_at;
  return copy;
}

bool IsRepeat(Offer::Kind kind) {
  return kind == Offer::Kind::kFiringAgain || kind == Offer::Kind::kEndAgain;
}

bool Failed(const Verdict& verdict) {
  return verdict.kind == Kind::kRetry || verdict.kind == Kind::kSuspect;
}

}  // namespace

DeliveryQueue::DeliveryQueue(Options options, Metrics* metrics)
    : options_(std::move(options)),
      metrics_(metrics),
      sent_(metrics->Get("sink_notices_sent_total", {{"receiver", options_.receiver}})),
      failed_(metrics->Get("sink_attempts_failed_total", {{"receiver", options_.receiver}})),
      parked_(metrics->Get("sink_parked_total", {{"receiver", options_.receiver}})),
      deferred_(metrics->Get("sink_deferred_total", {{"receiver", options_.receiver}})),
      waiting_(metrics->Get("outbox_waiting", {{"receiver", options_.receiver}})),
      back_off_(options_.seed) {
  // One before this, in the same process, may have left something there.
  waiting_.Set(0);
}

void DeliveryQueue::Tell(AlertUpdate::Kind kind, std::shared_ptr<const Alert> alert, int64_t commit,
                         Moment now, Delta* delta) {
  const std::string fingerprint = FormatFingerprint(alert->Fingerprint());
  std::unique_ptr<Key>& slot = keys_[fingerprint];
  if (slot == nullptr) slot = std::make_unique<Key>();
  if (kind == AlertUpdate::Kind::kResolved) {
    TellEnd(*slot, std::move(alert), commit, now, delta);
  } else if (kind == AlertUpdate::Kind::kFiring) {
    TellFiring(*slot, std::move(alert), commit, now, delta);
  } else if (!slot->episodes.empty() && !slot->episodes.back().ended()) {
    Episode& open = slot->episodes.back();
    open.alert = WithStart(std::move(alert), open.alert->starts_at);
  }
  if (kind != AlertUpdate::Kind::kValue && commit > committed_) {
    uncommitted_.emplace_back(commit, fingerprint);
  }
  Refresh(fingerprint);
  LimitEpisodes(now, delta);
}

void DeliveryQueue::TellFiring(Key& key, std::shared_ptr<const Alert> alert, int64_t commit,
                               Moment now, Delta* delta) {
  Episode* last = !key.episodes.empty() ? &key.episodes.back() : nullptr;
  if (last == nullptr && key.parked.has_value()) last = &*key.parked;
  if (last != nullptr && (!last->ended() || Held(key, *last, now))) {
    if (last->ended()) WriteMerged(*last, *alert, now, delta);
    const bool changed = last->ended() || alert->starts_at < last->alert->starts_at;
    const TimeNs starts_at = std::min(alert->starts_at, last->alert->starts_at);
    last->alert = WithStart(std::move(alert), starts_at);
    last->end_commit = 0;
    if (changed) WriteSaid(*last, delta);
    return;
  }
  WriteSaid(Open(key, std::move(alert), commit), delta);
  DropSuperseded(key, now, delta);
  LimitUntold(key, now, delta);
}

void DeliveryQueue::TellEnd(Key& key, std::shared_ptr<const Alert> alert, int64_t commit,
                            Moment now, Delta* delta) {
  Episode* last = !key.episodes.empty() ? &key.episodes.back() : nullptr;
  if (last == nullptr && key.parked.has_value()) last = &*key.parked;
  if (last != nullptr && last->ended()) {
    if (last->alert->starts_at == alert->starts_at) return;  // said already
    last = nullptr;
  }
  // An end whose firing this receiver was never to be told, because a limit took it or because the
  // receiver is new: both are news to it.
  if (last == nullptr) last = &Open(key, alert, commit);
  const TimeNs starts_at = std::min(alert->starts_at, last->alert->starts_at);
  last->alert = WithStart(std::move(alert), starts_at);
  last->end_commit = commit;

  const bool untold = !last->accepted() && last->parked.empty() && key.in_flight != last->id;
  if (untold && SubtractNs(now.wall, last->alert->ends_at) > options_.max_alert_age) {
    WriteHistory(*last, "skipped", "firing", "it ended longer ago than max_alert_age", now, delta);
    Remove(key, last->id, delta);
  } else if (last->dropped) {
    Remove(key, last->id, delta);
  } else if (last->accepted() && !options_.policy.wants_resolved) {
    WriteHistory(*last, "skipped", "resolved", "the receiver wants no ends", now, delta);
    Remove(key, last->id, delta);
  } else {
    WriteSaid(*last, delta);
    if (!last->parked.empty()) {
      WriteHistory(*last, "skipped", "resolved", "its firing was parked", now, delta);
    } else if (last->accepted() && now.mono < last->hold_until) {
      WriteHeld(*last, now, delta);
    }
    LimitUntold(key, now, delta);
  }
}

Episode& DeliveryQueue::Open(Key& key, std::shared_ptr<const Alert> alert, int64_t commit) {
  Episode episode;
  episode.id = next_id_++;
  episode.first_value = alert->value;
  episode.first_exact = alert->exact;
  episode.alert = std::move(alert);
  episode.firing_commit = commit;
  return key.episodes.emplace_back(std::move(episode));
}

bool DeliveryQueue::Held(const Key& key, const Episode& episode, Moment now) const {
  return episode.accepted() && !episode.done && episode.parked.empty() &&
         key.in_flight != episode.id && now.mono < episode.hold_until;
}

void DeliveryQueue::Committed(int64_t commit) {
  committed_ = std::max(committed_, commit);
  while (!uncommitted_.empty() && uncommitted_.front().first <= committed_) {
    const std::string fingerprint = std::move(uncommitted_.front().second);
    uncommitted_.pop_front();
    Refresh(fingerprint);
  }
}

std::optional<DeliveryQueue::Plan> DeliveryQueue::PlanOf(const Key& key, TimeNs now) const {
  if (key.episodes.empty() || key.in_flight != 0) return std::nullopt;
  const Episode& e = key.episodes.front();
  const SinkPolicy& policy = options_.policy;
  const bool end_known = e.ended() && e.end_commit <= committed_;
  if (e.done) {
    const DurationNs every = policy.resend_firing > 0 ? policy.resend_firing : kResendResolved;
    const TimeNs due = std::max(AddNs(e.sent_at, every), e.not_before);
    if (due > e.done_until) return Plan{Offer::Kind::kEndAgain, e.done_until, true};
    return Plan{Offer::Kind::kEndAgain, due};
  }
  // A firing that the receiver keeps nothing of gives way to its end.
  if (!e.accepted() && !(e.firing_deferred && end_known)) {
    if (e.firing_commit > committed_) return std::nullopt;
    return Plan{Offer::Kind::kFiring, e.not_before};
  }
  TimeNs again = kNever;
  if (e.accepted() && policy.resend_firing > 0) {
    again = std::max(AddNs(e.sent_at, policy.resend_firing), e.not_before);
  }
  const TimeNs end = end_known ? std::max(e.hold_until, e.not_before) : kNever;
  if (end == kNever && again == kNever) return std::nullopt;
  return end <= std::max(again, now) ? Plan{Offer::Kind::kEnd, end}
                                     : Plan{Offer::Kind::kFiringAgain, again};
}

// Brings what is derived from a key (its place in the schedule, its worth, the gauge) up to date.
void DeliveryQueue::Refresh(const std::string& fingerprint) {
  const auto it = keys_.find(fingerprint);
  if (it == keys_.end()) return;
  Key& key = *it->second;
  const std::optional<Plan> plan = PlanOf(key);
  if (plan.has_value()) {
    schedule_.Put(fingerprint, {plan->due, key.episodes.front().id});
  } else {
    schedule_.Remove(fingerprint);
  }
  size_t waiting = 0;
  const auto weigh = [&](const Episode& e) {
    const int state = e.done ? 0 : e.ended() ? 1 : 2;
    worth_.Put({e.id, fingerprint},
               state == 2 ? Worth{2, Gravity(*e.alert), -e.id} : Worth{state, 0, e.id});
    if (!e.done && e.parked.empty() && (e.ended() || !e.accepted())) ++waiting;
  };
  for (const Episode& e : key.episodes) weigh(e);
  if (key.parked.has_value()) weigh(*key.parked);
  waiting_.Add(static_cast<int64_t>(waiting) - static_cast<int64_t>(key.waiting));
  key.waiting = waiting;
  if (key.episodes.empty() && !key.parked.has_value()) keys_.erase(it);
}

TimeNs DeliveryQueue::WakeAt() const {
  if (schedule_.empty()) return kNever;
  return std::max(closed_until_, schedule_.Least().first.first);
}

std::vector<Offer> DeliveryQueue::Take(Moment now) {
  std::vector<Offer> offers;
  while (now.mono >= WakeAt() && offers.size() < options_.policy.max_batch) {
    const std::string fingerprint = schedule_.Least().second;
    Key& key = *keys_.find(fingerprint)->second;
    const std::optional<Plan> plan = PlanOf(key, now.mono);
    Episode& e = key.episodes.front();
    if (plan->forget) {
      Remove(key, e.id, nullptr);
      Refresh(fingerprint);
      continue;
    }
    if (!IsRepeat(plan->kind) && e.offered_at == kNoTime) e.offered_at = now.wall;
    Offer offer{plan->kind, fingerprint, e.id, *e.alert, e.first_value, e.first_exact};
    if (plan->kind == Offer::Kind::kFiring || plan->kind == Offer::Kind::kFiringAgain) {
      offer.alert.ends_at = kNoTime;
    }
    offers.push_back(std::move(offer));
    key.in_flight = e.id;
    schedule_.Remove(fingerprint);
  }
  return offers;
}

void DeliveryQueue::Settle(const std::vector<Offer>& offers, const std::vector<Verdict>& verdicts,
                           Moment now, Delta* delta) {
  CloseAfter(verdicts, now);
  for (size_t i = 0; i < offers.size(); ++i) {
    const Offer& offer = offers[i];
    // A sink that says too little has said "again".
    const Verdict verdict = i < verdicts.size() ? verdicts[i] : Verdict{};
    if (verdict.kind == Kind::kAccepted) ++accepted_count_;
    const auto it = keys_.find(offer.fingerprint);
    if (it == keys_.end()) continue;
    Key& key = *it->second;
    key.in_flight = 0;
    // A limit may have taken the episode meanwhile.
    if (!key.episodes.empty() && key.episodes.front().id == offer.episode) {
      Episode& episode = key.episodes.front();
      if (verdict.kind == Kind::kAccepted) {
        Accept(key, episode, offer, verdict, now, delta);
      } else {
        Fail(key, episode, offer, verdict, now, delta);
      }
      DropSuperseded(key, now, delta);
    }
    Refresh(offer.fingerprint);
  }
}

void DeliveryQueue::CloseAfter(const std::vector<Verdict>& verdicts, Moment now) {
  const bool failed = verdicts.empty() || std::any_of(verdicts.begin(), verdicts.end(), Failed);
  const bool alive = !std::all_of(verdicts.begin(), verdicts.end(), Failed);
  if (alive) back_off_.Reset();
  closed_until_ = 0;
  if (!failed) return;
  failed_.Add();
  DurationNs asked = 0;
  bool unauthorized = false;
  for (const Verdict& verdict : verdicts) {
    if (!Failed(verdict)) continue;
    asked = std::max(asked, verdict.retry_after);
    unauthorized = unauthorized || verdict.unauthorized;
  }
  const DurationNs wait = unauthorized ? back_off_.Longest()
                          : asked > 0  ? back_off_.AsAsked(asked)
                                       : back_off_.Next();
  closed_until_ = AddNs(now.mono, wait);
}

void DeliveryQueue::Accept(Key& key, Episode& e, const Offer& offer, const Verdict& verdict,
                           Moment now, Delta* delta) {
  sent_.Add();
  e.sent_at = now.mono;
  e.not_before = 0;
  e.tries = 0;
  e.blamed = 0;
  if (IsRepeat(offer.kind)) return;
  ++e.attempts;
  const SinkPolicy& policy = options_.policy;
  if (offer.kind == Offer::Kind::kFiring) {
    WriteHistory(e, "told", "firing", verdict.answer, now, delta);
    AcceptFiring(key, e, now, delta);
    return;
  }
  WriteHistory(e, "told", "resolved", verdict.answer, now, delta);
  if (policy.resend_resolved == 0) {
    Remove(key, e.id, delta);
    return;
  }
  EraseRows(e, delta);
  e.done = true;
  e.done_until = AddNs(now.mono, policy.resend_resolved);
}

void DeliveryQueue::AcceptFiring(Key& key, Episode& e, Moment now, Delta* delta) {
  const SinkPolicy& policy = options_.policy;
  e.accepted_at = now.wall;
  e.hold_until = AddNs(now.mono, policy.min_firing);
  // The end is a state of its own, whose attempts are counted anew.
  e.offered_at = kNoTime;
  e.attempts = 0;
  e.error.clear();
  e.next_at = policy.min_firing > 0 ? AddNs(now.wall, policy.min_firing) : kNoTime;
  if (e.ended() && !policy.wants_resolved) {
    WriteHistory(e, "skipped", "resolved", "the receiver wants no ends", now, delta);
    Remove(key, e.id, delta);
    return;
  }
  if (e.ended() && policy.min_firing > 0) WriteHeld(e, now, delta);
  WriteAnswered(e, delta);
}

void DeliveryQueue::Fail(Key& key, Episode& e, const Offer& offer, const Verdict& verdict,
                         Moment now, Delta* delta) {
  const bool is_end = offer.kind == Offer::Kind::kEnd || offer.kind == Offer::Kind::kEndAgain;
  if (!IsRepeat(offer.kind)) {
    ++e.attempts;
    e.error = verdict.answer;
  }
  if (verdict.kind == Kind::kDeferred) {
    deferred_.Add();
    bool& before = is_end ? e.end_deferred : e.firing_deferred;
    if (!before) {
      WriteHistory(e, "deferred", is_end ? "resolved" : "firing", verdict.answer, now, delta);
    }
    before = true;
    e.not_before = AddNs(now.mono, kDeferral);
    NoteFailure(e, offer, verdict, now, delta);
    return;
  }
  if (verdict.kind == Kind::kRejected) {
    // What it took before and refuses to hear again is not lost: the next turn is a new try.
    e.sent_at = now.mono;
    if (!IsRepeat(offer.kind)) Park(key, e, verdict.answer, now, delta);
    return;
  }
  if (e.tries == 0) {
    e.failed_since = now.mono;
    e.accepted_then = accepted_count_;
  }
  ++e.tries;
  if (accepted_count_ > e.accepted_then) ++e.blamed;
  // Where others get through, it must not hold them up; where none does, it only goes behind.
  const DurationNs penalty = e.blamed == 0 ? 0 : BackOff::kFirst << std::min(e.blamed, 9);
  e.not_before =
      std::max(closed_until_, AddNs(now.mono, std::min<DurationNs>(penalty, BackOff::kMax)));
  const bool doubted = e.tries >= kMaxTries && now.mono - e.failed_since >= kMaxDoubt;
  if (verdict.kind == Kind::kSuspect && !IsRepeat(offer.kind) &&
      (e.blamed >= kMaxBlamed || doubted)) {
    Park(key, e, verdict.answer, now, delta);
  } else {
    NoteFailure(e, offer, verdict, now, delta);
  }
}

// What waits, since when and why is on disk, so that it can be looked at and outlives a restart.
void DeliveryQueue::NoteFailure(Episode& e, const Offer& offer, const Verdict& verdict, Moment now,
                                Delta* delta) {
  if (IsRepeat(offer.kind)) return;
  e.next_at = AddNs(now.wall, std::max<DurationNs>(0, e.not_before - now.mono));
  if (e.attempts == 1 && Failed(verdict)) {
    WriteHistory(e, "failed", offer.kind == Offer::Kind::kEnd ? "resolved" : "firing",
                 verdict.answer, now, delta);
  }
  WriteAnswered(e, delta);
}

}  // namespace tallybell
