// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LIVE_ENGINE_H_
#define TALLYBELL_ENGINE_RUN_LIVE_ENGINE_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/outbox/outbox.h"
#include "engine/run/clock_health.h"
#include "engine/run/configuration.h"
#include "engine/run/engine_mailbox.h"
#include "engine/run/engine_snapshot.h"
#include "engine/run/limit_alerts.h"
#include "engine/run/live_source.h"
#include "engine/run/meta_alerts.h"
#include "engine/run/outbox_access.h"
#include "engine/run/push_source.h"
#include "engine/run/state_health.h"
#include "engine/store/committer.h"
#include "engine/store/store.h"
#include "rules/rule.h"
#include "sinks/sink.h"

namespace tallybell {

// `tallybell run`: follows the sources, evaluates, and tells the receivers.
//
// Used by one thread, which is the evaluation thread: it reads, evaluates and hands what changed
// to the committer as one delta, so that positions, windows, alerts and outbox are one transaction.
// It waits only for the disk, and only when two deltas wait already; never for a receiver.
class LiveEngine {
 public:
  // `clock` and `metrics` outlive it.
  LiveEngine(Configuration configuration, RuleSet rules, std::vector<std::unique_ptr<Sink>> sinks,
             std::unique_ptr<Store> store, const Clock* clock, Metrics* metrics);
  // Stops.
  ~LiveEngine();

  // Takes up what the last run left, and starts the threads.
  absl::Status Start();

  // Reads and evaluates what there is once. True if there may be more at once. Does nothing while
  // the disk is behind.
  bool Step();

  // Whether nothing will ever come again, because all that is followed has ended: standard input.
  bool Ended() const;

  // Whether Reload would return without waiting for the disk.
  bool Ready() const;

  // The state file cannot be used any more; only a new start helps (Committer::Lost).
  bool StateLost() const { return committer_->Lost(); }

  // What other threads put into `mailbox`, which outlives it, is done between two steps. Before
  // Start.
  void UseMailbox(EngineMailbox* mailbox) { mailbox_ = mailbox; }

  // The sources that are pushed to; after Start, as long as it lives.
  const std::vector<PushSource*>& pushes() const { return pushes_; }

  // What it looks like now.
  std::shared_ptr<const EngineSnapshot> Snapshot() const;
  // Brings the gauges up to date that are not counted as things happen.
  void UpdateGauges();

  // Forgets the groups of the rule of that name that have all pairs of `group`, and ends their
  // alerts. NotFound if there is no such rule or group.
  absl::Status Forget(absl::string_view rule, const Labels& group);

  // Has `reader` look at the state file between two commits; see Committer::Read.
  bool ReadState(Committer::Reader reader) { return committer_->Read(std::move(reader)); }
  // Other threads' way to what the receivers have not accepted; after Start.
  const std::shared_ptr<OutboxAccess>& outbox() const { return outbox_access_; }

  // What ends the wait for the next step: descriptors that become readable when there is something
  // to do, and how long to wait for them at most.
  struct Wakeups {
    std::vector<int> fds;
    DurationNs patience = 0;
  };
  Wakeups NextWakeups() const;

  // Puts other rules in force; what they have in common with the old ones goes on (docs/
  // semantics.md, "Reload"). Only rules, external labels and redactions can change so.
  void Reload(RuleSet rules, std::vector<Pattern> redact, const Labels& external_labels);

  // Commits what was read, tells the receivers what is due, for at most the shutdown time.
  void Stop();

 private:
  void NoteSleep();
  bool ReadSources();
  DurationNs Patience() const;
  void Evaluate();
  void Convert(RuleEvaluator::Output output, std::vector<AlertUpdate>* updates, Delta* delta);
  void TakeUpFirstStart(const Store::Snapshot& snapshot, std::vector<AlertUpdate>* updates,
                        Delta* delta);
  void HoldBack(std::vector<AlertUpdate>* updates);
  // Records how near the rules came; `now` is as for NearestMisses::Take.
  void RecordMisses(TimeNs now);
  void EndFirstStart(std::vector<AlertUpdate>* updates, Delta* delta);
  void Submit(Delta delta, std::vector<AlertUpdate> updates);

  Configuration configuration_;
  const Clock* const clock_;
  Metrics* const metrics_;
  std::unique_ptr<Store> store_;  // until Start
  std::vector<std::unique_ptr<Sink>> sinks_;

  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Outbox> outbox_;
  std::shared_ptr<OutboxAccess> outbox_access_;
  std::unique_ptr<LiveRules> rules_;
  std::unique_ptr<MetaAlerts> meta_alerts_;
  LimitAlerts limits_;
  StateHealth state_health_;
  ClockHealth clock_health_;
  std::vector<std::unique_ptr<EngineSource>> sources_;
  std::vector<PushSource*> pushes_;  // those of sources_
  EngineMailbox* mailbox_ = nullptr;
  TimeNs next_poll_ = kNoTime;      // monotonic
  TimeNs unready_since_ = kNoTime;  // monotonic; kNoTime: the disk keeps up
  // How long others are read before pushes have another turn, while they are behind.
  DurationNs push_debt_ = 0;
  // Of the last step.
  TimeNs last_wall_ = kNoTime;
  TimeNs last_monotonic_ = kNoTime;
  // What changed since the last delta was handed over, and when that was (monotonic).
  Delta delta_;
  TimeNs saved_ = kNoTime;
  DurationNs save_every_ = 0;

  // The first start tells nothing about what ended before it: until the backlog is read, what
  // began before it waits here, by fingerprint.
  TimeNs first_start_ = kNoTime;
  std::map<uint64_t, AlertUpdate> held_back_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LIVE_ENGINE_H_
