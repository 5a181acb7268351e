// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/live_engine.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/crash_point.h"
#include "engine/base/log.h"
#include "engine/base/status_macros.h"
#include "engine/run/evaluator_state.h"
#include "engine/run/history_rows.h"
#include "engine/run/loki_source.h"
#include "engine/run/stdin_source.h"
#include "engine/store/delta_merge.h"

namespace tallybell {
namespace {

// The poll is the truth; watching directories only makes it early.
constexpr DurationNs kPollEvery = kSecond;

// How often positions and windows are saved when no alert changes: seldom where they are large, so
// that a flood into a large window does not wear the disk. What was not saved is read again.
constexpr DurationNs kSaveEvery = 50 * kMillisecond;
constexpr DurationNs kSaveSeldom = 2 * kSecond;
constexpr int64_t kSavedBytesPerSecond = int64_t{1} << 20;

// Nor may what waits to be saved grow without bound.
constexpr size_t kMaxChanged = 10'000;  // groups

DurationNs SaveEvery(const Delta& delta) {
  int64_t bytes = 0;
  for (const GroupRow& row : delta.groups) bytes += static_cast<int64_t>(row.state.size());
  for (const PositionRow& row : delta.positions) bytes += static_cast<int64_t>(row.state.size());
  const DurationNs every =
      kSecond * std::min<int64_t>(bytes, int64_t{1} << 30) / kSavedBytesPerSecond;
  return std::clamp(every, kSaveEvery, kSaveSeldom);
}

// A clock that goes ahead by less is one that somebody keeps right.
constexpr DurationNs kSleep = kMinute;

// How soon to ask again whether the disk has caught up.
constexpr DurationNs kAskAgain = 2 * kMillisecond;

// The end waits for the disk so long, before and after the receivers.
constexpr DurationNs kLastCommit = 1500 * kMillisecond;

// Key of the row that says when the first start was, and that what was there then has been read.
constexpr char kFirstStart[] = "first start";
constexpr char kFirstStartOver[] = "over";

}  // namespace

LiveEngine::LiveEngine(Configuration configuration, RuleSet rules,
                       std::vector<std::unique_ptr<Sink>> sinks, std::unique_ptr<Store> store,
                       const Clock* clock, Metrics* metrics)
    : configuration_(std::move(configuration)),
      clock_(clock),
      metrics_(metrics),
      store_(std::move(store)),
      sinks_(std::move(sinks)),
      state_health_(metrics),
      clock_health_(metrics) {
  rules_ = std::make_unique<LiveRules>(std::move(rules), std::move(configuration_.redact),
                                       configuration_.external_labels, metrics);
}

LiveEngine::~LiveEngine() { Stop(); }

absl::Status LiveEngine::Start() {
  ASSIGN_OR_RETURN(Store::Snapshot snapshot, store_->Load());
  committer_ = std::make_unique<Committer>(std::move(store_), clock_, metrics_);
  outbox_ = std::make_unique<Outbox>(
      configuration_.outbox, std::move(sinks_), clock_, metrics_,
      [this](Delta delta) { committer_->SubmitAcknowledgement(std::move(delta)); });
  outbox_access_ = std::make_shared<OutboxAccess>(outbox_.get());
  Delta delta;
  state_health_.RejectUnreadable(&snapshot, &delta);
  RETURN_IF_ERROR(outbox_->Restore(snapshot.outbox, &delta));
  std::vector<AlertUpdate> updates;
  EvaluatorState::RestoreLines(&snapshot.positions, &rules_->evaluator, metrics_, &delta);
  EvaluatorState::Restore(snapshot.rules, snapshot.groups, clock_->Now(), &rules_->evaluator,
                          metrics_, &updates, &delta);
  TakeUpFirstStart(snapshot, &updates, &delta);
  std::vector<std::string> sources;
  for (const FileSourceConfig& file : configuration_.files) {
    sources.push_back(file.Key());
    sources_.push_back(
        std::make_unique<LiveSource>(&file, snapshot.positions, rules_.get(), clock_, metrics_));
  }
  for (const PushSourceConfig& push : configuration_.pushes) {
    sources.push_back(push.Key());
    auto source =
        std::make_unique<PushSource>(&push, snapshot.positions, rules_.get(), clock_, metrics_);
    pushes_.push_back(source.get());
    sources_.push_back(std::move(source));
  }
  for (const LokiSourceConfig& loki : configuration_.lokis) {
    sources.push_back(loki.Key());
    ASSIGN_OR_RETURN(
        std::unique_ptr<LokiSource> source,
        LokiSource::Create(&loki, FindLokiFormer(loki, configuration_.lokis, snapshot.positions),
                           snapshot.positions, rules_.get(), clock_, metrics_));
    sources_.push_back(std::move(source));
  }
  if (configuration_.standard_input.has_value()) {
    sources.push_back(configuration_.standard_input->Key());
    sources_.push_back(std::make_unique<StdinSource>(&*configuration_.standard_input, STDIN_FILENO,
                                                     snapshot.positions, rules_.get(), clock_,
                                                     metrics_));
  }
  meta_alerts_ = std::make_unique<MetaAlerts>(snapshot.positions);
  SourceHealth::EndOthers(sources, clock_->Now(), meta_alerts_.get());
  limits_.Reload(rules_->evaluator, clock_->Now(), meta_alerts_.get());
  state_health_.NoteStart(snapshot, clock_->Now(), meta_alerts_.get());
  outbox_->Start();
  Submit(std::move(delta), std::move(updates));
  return absl::OkStatus();
}

// The first start tells nothing about what ended before it, also if it was cut short.
void LiveEngine::TakeUpFirstStart(const Store::Snapshot& snapshot,
                                  std::vector<AlertUpdate>* updates, Delta* delta) {
  const auto row =
      std::find_if(snapshot.positions.begin(), snapshot.positions.end(),
                   [](const PositionRow& position) { return position.source == kFirstStart; });
  if (row == snapshot.positions.end()) {
    // Nothing was ever committed, whether the file was there or not.
    first_start_ = clock_->Now();
    delta->positions.push_back({kFirstStart, FormatRfc3339(first_start_)});
    return;
  }
  if (row->state != kFirstStartOver) {
    first_start_ = ParseRfc3339(row->state).value_or(clock_->Now());
  }
  // Receivers that are new learn of what fires, and so do all of what was held back; the outbox
  // knows what it was told already.
  EvaluatorState::TellFiring(rules_->evaluator, updates);
  HoldBack(updates);
}

bool LiveEngine::Ended() const {
  return std::all_of(sources_.begin(), sources_.end(),
                     [](const auto& source) { return source->Ended(); });
}

bool LiveEngine::Ready() const { return committer_->Ready(); }

// The wall clock went ahead of the time that passed: the machine slept, or somebody set the clock.
// What would have been written meanwhile was not, and that is no absence.
void LiveEngine::NoteSleep() {
  const TimeNs wall = clock_->Now();
  const TimeNs monotonic = clock_->Monotonic();
  const DurationNs slept =
      last_wall_ == kNoTime ? 0 : (wall - last_wall_) - (monotonic - last_monotonic_);
  last_wall_ = wall;
  last_monotonic_ = monotonic;
  if (slept < kSleep) return;
  LogWarn("the clock went ahead; what is to be absent is watched anew",
          {{"by", FormatDuration(slept / kSecond * kSecond)}});
  rules_->evaluator.WatchAnew(wall);
}

bool LiveEngine::Step() {
  NoteSleep();
  if (mailbox_ != nullptr) mailbox_->DeliverAll(this);
  const TimeNs now = clock_->Monotonic();
  // While the disk is behind, what stands in the files can wait there.
  if (!Ready()) {
    if (unready_since_ == kNoTime) unready_since_ = now;
    return false;
  }
  unready_since_ = kNoTime;
  bool names_changed = false;
  for (const auto& source : sources_) names_changed |= source->TakeWatchEvents();
  if (names_changed || now >= next_poll_) {
    for (const auto& source : sources_) source->Poll(&delta_);
    next_poll_ = AddNs(now, kPollEvery);
  }
  const bool more = ReadSources();
  CrashPoint("after-read");
  Evaluate();
  return more;
}

// Each source has its turn. While what can wait where it stands is behind, pushes have a fifth of
// the time and no more: so a flood of them is turned away, and files are read on.
bool LiveEngine::ReadSources() {
  const TimeNs begin = clock_->Monotonic();
  bool behind = false;
  for (const auto& source : sources_) {
    if (!source->IsPushed()) behind |= source->Read();
  }
  const TimeNs turn = clock_->Monotonic();
  push_debt_ = behind ? std::max<DurationNs>(push_debt_ - (turn - begin), 0) : 0;
  if (push_debt_ > 0) return true;
  bool more = behind;
  for (PushSource* const push : pushes_) more |= push->Read();
  push_debt_ = 4 * (clock_->Monotonic() - turn);
  return more;
}

// Decides what is known, and hands what changed to the committer: at once if an alert changed,
// else not more often than it would commit.
void LiveEngine::Evaluate() {
  RuleEvaluator::Output output;
  rules_->evaluator.Decide(clock_->Now(), &output);
  std::vector<AlertUpdate> updates;
  Convert(std::move(output), &updates, &delta_);
  for (const auto& source : sources_) source->health().Tell(meta_alerts_.get());
  state_health_.Tell(clock_->Now(), meta_alerts_.get());
  limits_.Tell(rules_->evaluator, clock_->Now(), meta_alerts_.get());
  clock_health_.Tell(rules_->evaluator, ClockHealth::Tolerance(configuration_), clock_->Now(),
                     meta_alerts_.get());
  meta_alerts_->Tell(configuration_.external_labels, clock_->Now(), &updates, &delta_);
  HoldBack(&updates);
  EndFirstStart(&updates, &delta_);
  const bool told = std::any_of(updates.begin(), updates.end(), [](const AlertUpdate& update) {
    return update.kind != AlertUpdate::Kind::kValue;
  });
  // Who pushed waits for the answer.
  const bool changed = told || std::any_of(sources_.begin(), sources_.end(),
                                           [](const auto& source) { return source->Urgent(); });
  const TimeNs now = clock_->Monotonic();
  if (!changed) {
    // Newer values and lines wait for the next repeat, not for the disk.
    outbox_->Tell(std::exchange(updates, {}), &delta_);
    const bool much = rules_->evaluator.changed() > kMaxChanged;
    if (saved_ != kNoTime && now - saved_ < save_every_ && !much) return;
  }
  saved_ = now;
  RecordMisses(now);
  for (const auto& source : sources_) source->Save(&delta_);
  EvaluatorState::SaveChanged(&rules_->evaluator, &delta_);
  save_every_ = SaveEvery(delta_);
  Submit(std::exchange(delta_, Delta()), std::move(updates));
}

void LiveEngine::Submit(Delta delta, std::vector<AlertUpdate> updates) {
  outbox_->Tell(std::move(updates), &delta);
  if (!delta.empty()) committer_->Submit(std::move(delta));
}

void LiveEngine::Convert(RuleEvaluator::Output output, std::vector<AlertUpdate>* updates,
                         Delta* delta) {
  SortTransitions(&output.transitions);
  for (Transition& transition : output.transitions) {
    delta->history.push_back(StepRow(transition));
    if (!transition.told) continue;
    if (transition.state == AlertState::kFiring) {
      updates->push_back({AlertUpdate::Kind::kFiring, std::move(transition.alert)});
    } else if (transition.state == AlertState::kResolved) {
      updates->push_back({AlertUpdate::Kind::kResolved, std::move(transition.alert)});
    }
  }
  for (Alert& alert : output.withdrawn) {
    updates->push_back({AlertUpdate::Kind::kResolved, std::move(alert)});
  }
  // What is certain was looked for after what was decided: an alert may have ended and fire again.
  for (Alert& alert : output.certain) {
    updates->push_back({AlertUpdate::Kind::kFiring, std::move(alert)});
  }
  for (Alert& alert : output.newer) {
    updates->push_back({AlertUpdate::Kind::kValue, std::move(alert)});
  }
}

void LiveEngine::HoldBack(std::vector<AlertUpdate>* updates) {
  if (first_start_ == kNoTime) return;
  std::vector<AlertUpdate> now;
  for (AlertUpdate& update : *updates) {
    const uint64_t fingerprint = update.alert.Fingerprint();
    const auto held = held_back_.find(fingerprint);
    if (update.kind == AlertUpdate::Kind::kFiring && update.alert.starts_at < first_start_) {
      held_back_.insert_or_assign(fingerprint, std::move(update));
    } else if (held == held_back_.end()) {
      now.push_back(std::move(update));
    } else if (update.kind == AlertUpdate::Kind::kResolved) {
      // What ended before the start is told by history alone.
      if (update.alert.ends_at >= first_start_) {
        now.push_back(std::move(held->second));
        now.push_back(std::move(update));
      } else {
        RecordHeldBack(update.alert, &delta_);
      }
      held_back_.erase(held);
    }
  }
  *updates = std::move(now);
}

void LiveEngine::RecordMisses(TimeNs now) {
  for (const auto& evaluator : rules_->evaluator.rules()) {
    for (const NearestMisses::Miss& miss : evaluator->misses().Take(now)) {
      delta_.history.push_back(MissRow(evaluator->rule(), miss));
    }
  }
}

// Once all is decided up to the first start, what fires still is told.
void LiveEngine::EndFirstStart(std::vector<AlertUpdate>* updates, Delta* delta) {
  if (first_start_ == kNoTime) return;
  for (const RuleClocks::Clock& clock : rules_->evaluator.clocks().clocks()) {
    // Where no source is live, nothing more comes that is older.
    if (clock.held && clock.t < first_start_) return;
  }
  for (auto& [fingerprint, firing] : held_back_) updates->push_back(std::move(firing));
  held_back_.clear();
  first_start_ = kNoTime;
  delta->positions.push_back({kFirstStart, kFirstStartOver});
}

LiveEngine::Wakeups LiveEngine::NextWakeups() const {
  Wakeups wakeups;
  if (mailbox_ != nullptr && mailbox_->fd() >= 0) wakeups.fds.push_back(mailbox_->fd());
  if (!Ready()) {
    wakeups.patience = kAskAgain;
    return wakeups;
  }
  for (const auto& source : sources_) {
    if (source->watch_fd() >= 0) wakeups.fds.push_back(source->watch_fd());
  }
  // What the last step left to do is there already, and makes nothing readable.
  wakeups.patience = unready_since_ != kNoTime ? 0 : Patience();
  return wakeups;
}

// While the disk keeps up.
DurationNs LiveEngine::Patience() const {
  const TimeNs now = clock_->Monotonic();
  DurationNs patience = std::max<DurationNs>(next_poll_ - now, 0);
  // What was read since the last save must not wait for the next line.
  const bool unsaved = std::any_of(sources_.begin(), sources_.end(),
                                   [](const auto& source) { return source->Unsaved(); });
  if (unsaved) patience = std::min(patience, std::max<DurationNs>(saved_ + save_every_ - now, 0));
  const TimeNs certain = rules_->evaluator.next_certain();
  if (certain != kNever) {
    patience = std::min(patience, std::max<DurationNs>(SubtractNs(certain, clock_->Now()), 0));
  }
  return patience;
}

void LiveEngine::Reload(RuleSet rules, std::vector<Pattern> redact, const Labels& external_labels) {
  RecordMisses(kNever);
  // What was counted and how far was read are one transaction, here too.
  Delta all = std::exchange(delta_, Delta());
  for (const auto& source : sources_) source->Save(&all);
  EvaluatorState::SaveChanged(&rules_->evaluator, &all);
  std::vector<RuleRow> rule_rows;
  std::vector<GroupRow> group_rows;
  EvaluatorState::SaveAll(&rules_->evaluator, &rule_rows, &group_rows);
  configuration_.external_labels = external_labels;
  auto replacement =
      std::make_unique<LiveRules>(std::move(rules), std::move(redact), external_labels, metrics_);
  Delta delta;
  std::vector<AlertUpdate> updates;
  EvaluatorState::HandOverLines(&rules_->evaluator, &replacement->evaluator);
  EvaluatorState::Restore(rule_rows, group_rows, clock_->Now(), &replacement->evaluator, metrics_,
                          &updates, &delta);
  replacement->evaluator.TakeRecentMatches(rules_->evaluator);
  CrashPoint("in-reload");
  for (const auto& source : sources_) source->UseRules(replacement.get());
  rules_ = std::move(replacement);
  limits_.Reload(rules_->evaluator, clock_->Now(), meta_alerts_.get());
  EvaluatorState::SaveChanged(&rules_->evaluator, &delta);
  HoldBack(&updates);
  delta.committed.push_back([] { CrashPoint("after-reload"); });
  MergeDelta(std::move(delta), &all);
  Submit(std::move(all), std::move(updates));
}

void LiveEngine::Stop() {
  if (committer_ == nullptr) return;
  saved_ = kNoTime;
  RecordMisses(kNever);
  // A disk that takes nothing must not keep it from ending: what was read is read again.
  if (Ready()) Evaluate();
  committer_->Flush(kLastCommit);
  outbox_access_->Close();
  outbox_->Stop();
  // What the receivers acknowledged last is committed before its committer goes.
  committer_->Flush(kLastCommit);
  outbox_.reset();
  committer_.reset();
}

}  // namespace tallybell
