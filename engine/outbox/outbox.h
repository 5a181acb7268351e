// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_OUTBOX_OUTBOX_H_
#define TALLYBELL_ENGINE_OUTBOX_OUTBOX_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/model/alert.h"
#include "engine/outbox/receiver_standing.h"
#include "engine/outbox/untold.h"
#include "engine/store/delta.h"
#include "sinks/sink.h"

namespace tallybell {

// What evaluation has to say of one alert. The alert's labels are its identity.
struct AlertUpdate {
  enum class Kind {
    kFiring,    // it fires since alert.starts_at; said again, it can only move starts_at back
    kResolved,  // it ended at alert.ends_at
    kValue,     // still fires: newer value, annotations and evidence; makes no row
  };
  Kind kind = Kind::kFiring;
  Alert alert;
};

// A state of an alert that a receiver will never take.
struct DeadLetter {
  std::string receiver;
  std::shared_ptr<const Alert> alert;  // never null
  std::string reason;                  // what the receiver answered
};

class Receiver;

// What each receiver has not accepted yet, and the threads that tell it.
//
// Tell, Restore and Stop are called from the evaluation thread; what lists, retries or drops, from
// any until Stop. Everything else is the outbox's own threads, one for each receiver, so that one
// dead receiver never delays another.
class Outbox {
 public:
  struct Options {
    DurationNs max_alert_age = 12 * kHour;  // ended longer ago: recorded, not sent
    int64_t max_rows = 100'000;
    DurationNs shutdown = 8 * kSecond;
  };

  // Hands the senders' acknowledgements to the committer; called from the receivers' threads.
  using Acknowledge = std::function<void(Delta)>;

  Outbox(Options options, std::vector<std::unique_ptr<Sink>> sinks, const Clock* clock,
         Metrics* metrics, Acknowledge acknowledge);
  // Stops.
  ~Outbox();

  // Puts back what the last run committed; before Start. Rows of receivers that are not
  // configured any more, and rows that make no sense, go into `*orphans` as erased rows.
  absl::Status Restore(const std::vector<OutboxRow>& rows, Delta* orphans);

  void Start();

  // Takes `updates` in and appends to `*delta` the rows that make them durable, with a callback
  // that wakes the senders once the delta is committed: nothing is sent before. What a receiver
  // knows already makes no row, so after a restart every alert that fires may be told again; a
  // receiver that is new learns of it so.
  void Tell(std::vector<AlertUpdate> updates, Delta* delta);

  // What was given up, the newest of each alert. Any thread, until Stop.
  std::vector<DeadLetter> DeadLetters() const;

  // What the receivers have not accepted, by receiver, each in the order in which it was said. Any
  // thread, until Stop.
  std::vector<Untold> ListUntold() const;

  // The same as a few numbers for each, in the order of the configuration. Any thread, until Stop.
  std::vector<ReceiverStanding> Standings() const;

  // Brings outbox_oldest_seconds{receiver} up to date: for how long the receiver has not taken what
  // it was offered first. Any thread, until Stop.
  void UpdateGauges() const;

  // Offers what was parked anew, durably: one by its Untold::id, or all of it. NotFound if nothing
  // parked has that id; FailedPrecondition if the receiver was told of a later episode of the alert
  // meanwhile. Any thread, until Stop; never waits for a receiver or the disk.
  absl::Status RetryParked(absl::string_view id);
  // Returns how many.
  int RetryAllParked();

  // Gives up what waits or is parked, durably: it is not told, nor, of an alert that fires still,
  // how it ends. NotFound; Unavailable if it is being told at this moment. As RetryParked.
  absl::Status Drop(absl::string_view id);

  // Tries to send what waits and is due for up to Options::shutdown, then ends the threads.
  void Stop();

 private:
  Options options_;
  const Clock* const clock_;
  Metrics* const metrics_;
  Acknowledge acknowledge_;
  // Shared with the callbacks of deltas, which the committer may run after this has gone.
  std::vector<std::shared_ptr<Receiver>> receivers_;
  int64_t commits_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_OUTBOX_OUTBOX_H_
