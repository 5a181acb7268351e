// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_OUTBOX_DELIVERY_QUEUE_H_
#define TALLYBELL_ENGINE_OUTBOX_DELIVERY_QUEUE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/base/metrics.h"
#include "engine/outbox/back_off.h"
#include "engine/outbox/episode.h"
#include "engine/outbox/outbox.h"
#include "engine/outbox/ranked_set.h"
#include "engine/outbox/receiver_standing.h"
#include "engine/outbox/untold.h"
#include "engine/store/delta.h"
#include "sinks/sink.h"

namespace tallybell {

// One thing to tell a receiver now.
struct Offer {
  enum class Kind { kFiring, kFiringAgain, kEnd, kEndAgain };
  Kind kind = Kind::kFiring;
  std::string fingerprint;
  int64_t episode = 0;
  Alert alert;  // ends_at is set only where the end is told
  int64_t first_value = 0;
  bool first_exact = true;
};

// What one receiver is to be told, in what order, and when: the whole of delivery without threads,
// clocks or sockets. Time comes in with each call, what is to be stored goes out as rows.
//
// - A firing is told before its end, each episode of an alert before the next.
// - Nothing is told before what made it durable is committed.
// - An end is held until the policy's min_firing after the firing was accepted; an alert that fires
//   again meanwhile goes on as one.
// - What the receiver has not accepted is offered again, for ever, unless it is rejected (parked
//   with the reason) or a limit takes it (counted).
//
// Not thread-safe; the owner locks.
class DeliveryQueue {
 public:
  // So many episodes of one alert wait that the receiver has accepted nothing of.
  static constexpr size_t kMaxUntold = 10;
  // What the receiver kept nothing of is offered again after this.
  static constexpr DurationNs kDeferral = kMinute;
  // A notice that fails although others get through, so often after its first failure, is at
  // fault; one whose receiver takes nothing else is given up after so many tries in so long.
  static constexpr int kMaxBlamed = 2;
  static constexpr int kMaxTries = 10;
  static constexpr DurationNs kMaxDoubt = kHour;

  struct Options {
    std::string receiver;
    SinkPolicy policy;
    DurationNs max_alert_age = 12 * kHour;
    size_t max_episodes = 100'000;
    uint64_t seed = 1;  // of the jitter
  };

  DeliveryQueue(Options options, Metrics* metrics);

  // Puts back this receiver's rows of the last run. Rows that make no sense are erased into
  // `*delta` and counted.
  void Restore(const std::vector<OutboxRow>& rows, Moment now, Delta* delta);

  // Takes in what evaluation says. It is sent once Committed is called with `commit` or more.
  void Tell(AlertUpdate::Kind kind, std::shared_ptr<const Alert> alert, int64_t commit, Moment now,
            Delta* delta);
  void Committed(int64_t commit);

  // When Take has something next, monotonic clock; kNever: not before another call changes that.
  TimeNs WakeAt() const;

  // What to send now, at most the policy's max_batch; empty before WakeAt. Each is to be settled
  // before the next Take.
  std::vector<Offer> Take(Moment now);

  // What the receiver made of them: one verdict for each offer, in order.
  void Settle(const std::vector<Offer>& offers, const std::vector<Verdict>& verdicts, Moment now,
              Delta* delta);

  // What the receiver has not accepted, the parked among it, in the order in which it was said.
  std::vector<Untold> ListUntold(Moment now) const;
  ReceiverStanding Standing(Moment now) const;

  // Offers what was parked anew. NotFound if nothing parked has this id; FailedPrecondition if the
  // receiver was told of a later episode of the alert meanwhile.
  absl::Status RetryParked(absl::string_view id, Moment now, Delta* delta);
  // Returns how many; those that a later episode has overtaken stay.
  int RetryAllParked(Moment now, Delta* delta);

  // Gives up what waits or is parked: of an alert that fires still, neither the rest of this
  // episode is told. NotFound; Unavailable if it is being told at this moment.
  absl::Status Drop(absl::string_view id, Moment now, Delta* delta);

 private:
  struct Key {
    std::deque<Episode> episodes;   // oldest first; the first is being told
    std::optional<Episode> parked;  // the newest that was given up
    int64_t in_flight = 0;          // the episode of an offer that is not settled
    size_t waiting = 0;             // episodes with something untold
  };
  struct Plan {
    Offer::Kind kind;
    TimeNs due;
    bool forget = false;  // nothing to tell any more
  };
  // Told at the same time, the older first.
  using Due = std::pair<TimeNs, int64_t>;
  // Least worth keeping first: done, ended (oldest first), firing (least grave, newest first).
  using Worth = std::tuple<int, int, int64_t>;

  void TellFiring(Key& key, std::shared_ptr<const Alert> alert, int64_t commit, Moment now,
                  Delta* delta);
  void TellEnd(Key& key, std::shared_ptr<const Alert> alert, int64_t commit, Moment now,
               Delta* delta);
  Episode& Open(Key& key, std::shared_ptr<const Alert> alert, int64_t commit);
  bool Held(const Key& key, const Episode& episode, Moment now) const;

  // What is next for an alert. Where `now` finds both a repeat and the end due, it is the end.
  std::optional<Plan> PlanOf(const Key& key, TimeNs now = kNoTime) const;
  void Refresh(const std::string& fingerprint);

  void Accept(Key& key, Episode& episode, const Offer& offer, const Verdict& verdict, Moment now,
              Delta* delta);
  void AcceptFiring(Key& key, Episode& episode, Moment now, Delta* delta);
  void Fail(Key& key, Episode& episode, const Offer& offer, const Verdict& verdict, Moment now,
            Delta* delta);
  void NoteFailure(Episode& episode, const Offer& offer, const Verdict& verdict, Moment now,
                   Delta* delta);
  void Park(Key& key, const Episode& episode, const std::string& reason, Moment now, Delta* delta);
  void CloseAfter(const std::vector<Verdict>& verdicts, Moment now);

  // Wall clock; see Untold::next_attempt.
  TimeNs NextAttempt(const Episode& episode, Moment now) const;
  bool CanRetry(const Key& key) const;
  void Retry(const std::string& fingerprint, Key& key, Moment now, Delta* delta);
  void Forget(Key& key, Episode episode, Delta* delta);

  void DropSuperseded(Key& key, Moment now, Delta* delta);
  void LimitUntold(Key& key, Moment now, Delta* delta);
  void LimitEpisodes(Moment now, Delta* delta);
  void Remove(Key& key, int64_t id, Delta* delta);

  void WriteSaid(const Episode& episode, Delta* delta) const;
  void WriteAnswered(const Episode& episode, Delta* delta) const;
  void EraseRows(const Episode& episode, Delta* delta) const;
  void WriteHistory(const Episode& episode, absl::string_view kind, absl::string_view state,
                    absl::string_view answer, Moment now, Delta* delta) const;
  void WriteHeld(const Episode& episode, Moment now, Delta* delta) const;
  void WriteMerged(const Episode& episode, const Alert& again, Moment now, Delta* delta) const;
  Metric& Dropped(absl::string_view reason);

  const Options options_;
  Metrics* const metrics_;
  Metric& sent_;
  Metric& failed_;
  Metric& parked_;
  Metric& deferred_;
  Metric& waiting_;

  absl::flat_hash_map<std::string, std::unique_ptr<Key>> keys_;
  RankedSet<std::string, Due> schedule_;
  RankedSet<std::pair<int64_t, std::string>, Worth> worth_;
  std::deque<std::pair<int64_t, std::string>> uncommitted_;  // commit and key, ascending
  int64_t committed_ = 0;
  int64_t next_id_ = 1;
  int64_t accepted_count_ = 0;
  BackOff back_off_;
  TimeNs closed_until_ = 0;  // the receiver is left alone until then
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_OUTBOX_DELIVERY_QUEUE_H_
