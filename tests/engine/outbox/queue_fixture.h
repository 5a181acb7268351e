// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_OUTBOX_QUEUE_FIXTURE_H_
#define TALLYBELL_TESTS_ENGINE_OUTBOX_QUEUE_FIXTURE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/outbox/delivery_queue.h"

namespace tallybell {

inline Alert TestAlert(absl::string_view host, TimeNs starts_at, absl::string_view severity = "") {
  Alert alert;
  alert.rule_group = "group";
  alert.rule = "Down";
  alert.labels = Labels{{"alertname", "Down"}};
  alert.labels.Set("host", host);
  alert.labels.Set("severity", severity);
  alert.annotations = {{"summary", absl::StrCat(host, " is down")}};
  alert.by_values = {std::string(host)};
  alert.value = 4;
  alert.starts_at = starts_at;
  alert.evidence = {{"a.log", 10, "E line"}};
  return alert;
}

// A queue with a clock, a disk and a receiver that says what it is told to say.
class QueueFixture {
 public:
  explicit QueueFixture(SinkPolicy policy, TimeNs start = 1'700'000'000 * kSecond)
      : policy_(policy), clock_(start) {
    Restart();
  }

  // From what is on disk, as after a crash.
  void Restart() {
    DeliveryQueue::Options options;
    options.receiver = "test";
    options.policy = policy_;
    options.max_episodes = max_episodes_;
    queue_ = std::make_unique<DeliveryQueue>(options, &metrics_);
    Delta delta;
    std::vector<OutboxRow> rows;
    for (const auto& [id, row] : disk_) rows.push_back(row);
    queue_->Restore(rows, Now(), &delta);
    Store(delta);
    commit_ = 0;
  }

  Moment Now() const { return Moment::Of(clock_); }
  TimeNs Time() const { return clock_.Now(); }
  void Advance(DurationNs by) { clock_.Advance(by); }

  // Evaluation says something; it is committed unless `commit` is false.
  void Say(AlertUpdate::Kind kind, Alert alert, bool commit = true) {
    Delta delta;
    queue_->Tell(kind, std::make_shared<const Alert>(std::move(alert)), ++commit_, Now(), &delta);
    if (commit) {
      Store(delta);
      queue_->Committed(commit_);
    } else {
      pending_.push_back(std::move(delta));
    }
  }
  void CommitPending() {
    for (const Delta& delta : pending_) Store(delta);
    pending_.clear();
    queue_->Committed(commit_);
  }
  void Fire(absl::string_view host, absl::string_view severity = "") {
    Say(AlertUpdate::Kind::kFiring, TestAlert(host, Time(), severity));
  }
  void End(absl::string_view host, TimeNs starts_at, absl::string_view severity = "") {
    Alert alert = TestAlert(host, starts_at, severity);
    alert.ends_at = Time();
    Say(AlertUpdate::Kind::kResolved, std::move(alert));
  }

  // What the receiver is told now, in words: "web1 firing 0s", "web1 end 0s+5m" (times since the
  // fixture began), a repeat with "again". Each is answered with `kind`.
  std::vector<std::string> Attempt(Verdict::Kind kind = Verdict::Kind::kAccepted,
                                   Verdict like = {}) {
    const std::vector<Offer> offers = queue_->Take(Now());
    like.kind = kind;
    if (like.answer.empty()) like.answer = "words";
    Answer(offers, std::vector<Verdict>(offers.size(), like));
    return Words(offers);
  }
  std::vector<Offer> Take() { return queue_->Take(Now()); }
  void Answer(const std::vector<Offer>& offers, const std::vector<Verdict>& verdicts) {
    if (offers.empty()) return;
    Delta delta;
    queue_->Settle(offers, verdicts, Now(), &delta);
    Store(delta);
  }
  std::vector<std::string> Words(const std::vector<Offer>& offers) const {
    std::vector<std::string> words;
    for (const Offer& offer : offers) {
      const bool end = offer.kind == Offer::Kind::kEnd || offer.kind == Offer::Kind::kEndAgain;
      const bool again =
          offer.kind == Offer::Kind::kFiringAgain || offer.kind == Offer::Kind::kEndAgain;
      words.push_back(absl::StrCat(
          offer.alert.labels.Get("host"), end ? " end" : " firing", again ? " again " : " ",
          FormatDuration(offer.alert.starts_at - start_),
          end ? absl::StrCat("+", FormatDuration(offer.alert.ends_at - offer.alert.starts_at))
              : ""));
    }
    return words;
  }

  // How long until there is something to tell; nothing: never.
  std::optional<DurationNs> Wait() const {
    const TimeNs at = queue_->WakeAt();
    if (at == kNever) return std::nullopt;
    return std::max<DurationNs>(0, at - clock_.Monotonic());
  }
  int64_t Count(absl::string_view metric) const { return metrics_.Total(metric); }
  std::vector<std::string> HistoryKinds() const {
    std::vector<std::string> kinds;
    for (const HistoryRow& row : history_) kinds.push_back(row.kind);
    return kinds;
  }
  // What people see and do.
  std::vector<tallybell::Untold> Untold() const { return queue_->ListUntold(Now()); }
  ReceiverStanding Standing() const { return queue_->Standing(Now()); }
  absl::Status Retry(absl::string_view id) {
    Delta delta;
    const absl::Status status = queue_->RetryParked(id, Now(), &delta);
    Store(delta);
    return status;
  }
  int RetryAll() {
    Delta delta;
    const int retried = queue_->RetryAllParked(Now(), &delta);
    Store(delta);
    return retried;
  }
  absl::Status Drop(absl::string_view id) {
    Delta delta;
    const absl::Status status = queue_->Drop(id, Now(), &delta);
    Store(delta);
    return status;
  }
  std::vector<OutboxRow> Rows() const {
    std::vector<OutboxRow> rows;
    for (const auto& [id, row] : disk_) rows.push_back(row);
    return rows;
  }
  // What somebody else writes while no queue is there.
  void Write(const Delta& delta) { Store(delta); }
  void RestartWith(SinkPolicy policy) {
    policy_ = policy;
    Restart();
  }

  const std::map<int64_t, OutboxRow>& disk() const { return disk_; }
  std::map<int64_t, OutboxRow>& disk() { return disk_; }
  const std::vector<HistoryRow>& history() const { return history_; }
  void set_max_episodes(size_t n) {
    max_episodes_ = n;
    Restart();
  }

 private:
  void Store(const Delta& delta) {
    for (const OutboxRow& row : delta.outbox) {
      if (row.erased) {
        disk_.erase(row.id);
      } else {
        disk_[row.id] = row;
      }
    }
    history_.insert(history_.end(), delta.history.begin(), delta.history.end());
  }

  SinkPolicy policy_;
  ManualClock clock_;
  const TimeNs start_ = clock_.Now();
  Metrics metrics_;
  size_t max_episodes_ = 100'000;
  std::unique_ptr<DeliveryQueue> queue_;
  std::map<int64_t, OutboxRow> disk_;
  std::vector<HistoryRow> history_;
  std::vector<Delta> pending_;
  int64_t commit_ = 0;
};

// Receivers as the real ones want to be spoken to.
inline SinkPolicy Plain() {
  SinkPolicy policy;
  policy.max_batch = 1;
  return policy;
}

inline SinkPolicy LikeAlertmanager() {
  SinkPolicy policy;
  policy.max_batch = 64;
  policy.resend_firing = kMinute;
  policy.resend_resolved = 15 * kMinute;
  policy.min_firing = 5 * kMinute + 30 * kSecond;
  return policy;
}

inline SinkPolicy LikeAlerta() {
  SinkPolicy policy = Plain();
  policy.resend_firing = 10 * kMinute;
  return policy;
}

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_OUTBOX_QUEUE_FIXTURE_H_
