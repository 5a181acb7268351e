// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/rule_evaluator.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "engine/match/group_key.h"
#include "engine/run/history_rows.h"

namespace tallybell {

RuleEvaluator::RuleEvaluator(const Rule* rule, size_t rule_index, const Options& options,
                             GroupMemory* memory, const std::vector<std::string>* file_names,
                             Metrics* metrics)
    : rule_(rule),
      rule_index_(rule_index),
      options_(options),
      timeline_rule_(*rule),
      keeps_lines_(timeline_rule_.KeepsLines()),
      memory_(memory),
      file_names_(file_names),
      matches_total_(metrics->Get("rule_matches_total", {{"rule", rule->alert}})),
      late_total_(metrics->Get("late_matches_total", {{"rule", rule->alert}})),
      refused_total_(metrics->Get("groups_refused_total", {{"rule", rule->alert}})),
      untold_total_(metrics->Get("alerts_untold_total", {{"rule", rule->alert}})),
      misses_(EnoughFor(*rule)),
      active_(options.live ? options.max_told : SIZE_MAX) {
  timeline_rule_.evidence = &memory->evidence;
  timeline_rule_.times = &memory->times;
}

Labels RuleEvaluator::GroupLabels(const std::vector<std::string>& by_values) const {
  Labels labels;
  const std::vector<GroupBy>& by = rule_->leaf().by;
  for (size_t i = 0; i < by.size() && i < by_values.size(); ++i) {
    labels.Set(by[i].name, by_values[i]);
  }
  return labels;
}

Labels RuleEvaluator::AlertLabels(const std::vector<std::string>& by_values) const {
  const Labels group = GroupLabels(by_values);
  // What the alert has wins over external labels.
  Labels labels = options_.external_labels;
  for (const Labels::Pair& pair : group.pairs()) labels.Set(pair.first, pair.second);
  TemplateInput input;
  input.labels = &group;
  for (const auto& [name, text] : rule_->labels) labels.Set(name, text.Render(input));
  labels.Set("alertname", rule_->alert);
  return labels;
}

bool RuleEvaluator::HasRoom() const {
  const auto enough = [](size_t used, size_t of) { return used <= of - (of + 9) / 10; };
  return enough(groups_.size(), options_.max_groups) &&
         enough(memory_->groups, memory_->max_groups);
}

RuleGroup* RuleEvaluator::FindOrAdd(absl::string_view key) {
  const auto found = groups_.find(key);
  return found != groups_.end() ? found->get() : AddGroup(key);
}

RuleGroup* RuleEvaluator::AddGroup(absl::string_view key) {
  refused_groups_ = refuses_groups();
  if (groups_.size() >= options_.max_groups || memory_->groups >= memory_->max_groups) {
    refused_groups_ = true;
    refused_total_.Add();
    return nullptr;
  }
  ++memory_->groups;
  return groups_.insert(RuleGroup::Make(&timeline_rule_, key, next_number_++)).first->get();
}

const RuleGroup* RuleEvaluator::Find(absl::string_view key) const {
  const auto found = groups_.find(key);
  return found == groups_.end() ? nullptr : found->get();
}

TimeNs RuleEvaluator::ShowsFrom(TimeNs t) const {
  if (!keeps_lines_ || groups_.empty()) return kNever;
  const DurationNs back = AddNs(timeline_rule_.width, timeline_rule_.policy.keep_firing_for);
  return SubtractNs(std::max(decided_, t), AddNs(back, kSecond));
}

void RuleEvaluator::Reschedule(RuleGroup* group) {
  deadlines_.Set(group, group->timeline.NextInstant());
}

void RuleEvaluator::CountUndecided(size_t before, size_t now) {
  undecided_ += now - before;
  memory_->undecided += now - before;
}

void RuleEvaluator::Add(const RuleMatch& match, const MatchedRecord& record, TimeNs decided) {
  const TimeNs time = record.time;
  decided_ = std::max(decided_, decided);
  RuleGroup* const group = FindOrAdd(match.group);
  if (group == nullptr) return;
  const size_t undecided = group->timeline.undecided();
  GroupTimeline::Arrival arrival;
  if (match.clear) {
    ++tally_.clears;
    arrival = group->timeline.AddClear(time, decided_);
  } else {
    NoteMatch(group);
    const uint32_t evidence =
        keeps_lines_ ? memory_->evidence.Add(time, {record.file, record.offset, match.evidence})
                     : WindowMatch::kNoEvidence;
    arrival = group->timeline.AddMatch(WindowMatch(time, evidence), decided_);
  }
  CountUndecided(undecided, group->timeline.undecided());
  if (arrival != GroupTimeline::Arrival::kInTime) late_total_.Add();
  // An instant that lies later than the one that is scheduled changes nothing yet.
  if (std::max(time, decided_) < deadlines_.Of(*group)) Reschedule(group);
  if (options_.live) {
    if (!match.clear) recent_.Add(time);
    changed_.insert(group);
    touched_.insert(group);
  }
}

void RuleEvaluator::StartAbsence(TimeNs t) {
  if (!timeline_rule_.absence || timeline_rule_.grouped) return;
  RuleGroup* const group = FindOrAdd("");
  if (group == nullptr) return;
  group->timeline.StartAbsence(t);
  Reschedule(group);
  if (options_.live) changed_.insert(group);
}

void RuleEvaluator::SuspendAbsence() {
  if (!timeline_rule_.absence) return;
  for (const RuleGroupPtr& group : groups_) {
    group->timeline.SuspendAbsence();
    Reschedule(group.get());
    changed_.insert(group.get());
  }
}

void RuleEvaluator::ResumeAbsence(TimeNs t) {
  if (!timeline_rule_.absence) return;
  for (const RuleGroupPtr& group : groups_) {
    group->timeline.ResumeAbsence(t);
    Reschedule(group.get());
    changed_.insert(group.get());
  }
}

Alert RuleEvaluator::MakeAlert(const RuleGroup& group, const TimelineStep& step) const {
  Alert alert;
  alert.rule_group = rule_->group;
  alert.rule = rule_->alert;
  alert.by_values = GroupKeyValues(group.key());
  alert.labels = AlertLabels(alert.by_values);
  alert.value = step.shown.value;
  alert.exact = step.shown.exact;
  alert.starts_at = step.starts_at;
  if (step.state == AlertState::kResolved) alert.ends_at = step.time;
  alert.show_evidence = timeline_rule_.lines > 0;
  std::vector<std::string> lines;
  for (const WindowMatch& match : step.shown.lines) {
    EvidenceEntry entry;
    if (!memory_->evidence.Get(match, &entry)) continue;
    // A damaged state can have any handles.
    if (entry.file >= file_names_->size()) continue;
    alert.evidence.push_back({(*file_names_)[entry.file], entry.offset, std::string(entry.line)});
    lines.emplace_back(entry.line);
  }
  const Labels labels = GroupLabels(alert.by_values);
  TemplateInput input;
  input.labels = &labels;
  input.value = step.shown.value;
  input.exact = step.shown.exact;
  input.lines = &lines;
  for (const auto& [name, text] : rule_->annotations) {
    alert.annotations.emplace_back(name, text.Render(input));
  }
  return alert;
}

Transition RuleEvaluator::MakeTransition(const RuleGroup& group, const TimelineStep& step) const {
  Transition transition;
  transition.time = step.time;
  transition.state = step.state;
  transition.rule_index = rule_index_;
  transition.value = step.value;
  transition.exact = step.exact;
  if (const ActiveAlerts::Active* const active = active_.Find(&group)) {
    transition.peak = active->peak;
    transition.told = active->since == kNoTime || active->told;
  }
  transition.alert = MakeAlert(group, step);
  return transition;
}

// A group that was forgotten and comes back is still one group.
void RuleEvaluator::NoteMatch(RuleGroup* group) {
  ++tally_.matches;
  matches_total_.AddAlone();
  if (group->tallied()) return;
  group->set_tallied();
  const uint64_t hash = absl::HashOf(group->key());
  if (tallied_groups_.size() < kMaxTalliedGroups) {
    tally_.groups += tallied_groups_.insert(hash).second ? 1 : 0;
  } else if (!tally_.more_groups) {
    tally_.more_groups = !tallied_groups_.contains(hash);
  }
}

// Groups are decided one after the other, in runs whose lengths are nobody's business: of equal
// counts the first in time is the nearest, then the first by name.
void RuleEvaluator::NoteNearest(const RuleGroup& group, int64_t count, TimeNs t) {
  const auto labels = [&] { return GroupLabels(GroupKeyValues(group.key())); };
  std::optional<NearestMiss>& nearest = tally_.nearest;
  if (nearest.has_value() && nearest->value == count) {
    if (t > nearest->time || (t == nearest->time && !(labels() < nearest->group))) return;
  } else if (nearest.has_value() && timeline_rule_.absence != (count < nearest->value)) {
    return;
  }
  nearest = NearestMiss{count, t, labels()};
}

// Decides many instants at a time where only the count changes. Returns whether it did any.
bool RuleEvaluator::DecideQuiet(RuleGroup* group, TimeNs t) {
  const std::optional<GroupTimeline::Quiet> quiet = group->timeline.DecideQuiet(t);
  if (!quiet.has_value()) return false;
  NoteNearest(*group, quiet->peak, quiet->at);
  active_.NoteCount(group, quiet->peak, /*begins=*/false);
  if (!options_.live) return true;
  misses_.Note(quiet->peak, quiet->at, [&] { return AlertLabels(GroupKeyValues(group->key())); });
  changed_.insert(group);
  return true;
}

void RuleEvaluator::DecideOne(RuleGroup* group, bool absence_on, Output* output) {
  const int64_t before = group->timeline.count();
  const std::optional<TimelineStep> step = group->timeline.Decide(absence_on);
  const TimeNs t = group->timeline.last_instant();
  const int64_t count = group->timeline.count();
  NoteNearest(*group, count, t);
  if (options_.live && timeline_rule_.OnlyGrows() && count > before) {
    misses_.Note(count, t, [&] { return AlertLabels(GroupKeyValues(group->key())); });
  }
  if (options_.live) changed_.insert(group);
  if (!step.has_value()) {
    active_.NoteCount(group, count, /*begins=*/false);
    return;
  }
  if (step->state == AlertState::kPending) active_.Pend(group);
  if (step->state == AlertState::kFiring) Fire(group, step->starts_at);
  active_.NoteCount(group, count, step->state == AlertState::kFiring);
  output->transitions.push_back(MakeTransition(*group, *step));
  if (step->state == AlertState::kInactive && active_.Since(group) == kNoTime) active_.End(group);
  if (step->state != AlertState::kResolved) return;
  active_.End(group);
  // What was read since may make it certain already that it fires again.
  if (options_.live) touched_.insert(group);
}

bool RuleEvaluator::Fire(RuleGroup* group, TimeNs since) {
  const bool begins = active_.Since(group) == kNoTime;
  const bool told = active_.Fire(group, since);
  if (begins && !told) untold_total_.Add();
  return told;
}

// A clear that comes behind its time may take away what was certain.
void RuleEvaluator::Withdraw(RuleGroup* group, Output* output) {
  if (rule_->leaf().clear.empty()) return;
  const TimeNs since = active_.Since(group);
  if (since == kNoTime || group->timeline.status().state == AlertState::kFiring) return;
  if (group->timeline.CertainFiring().has_value()) return;
  TimelineStep step;
  step.state = AlertState::kResolved;
  step.starts_at = since;
  step.time = std::max(decided_, since);
  step.shown = group->timeline.ViewAt(step.time);
  if (active_.End(group)) output->withdrawn.push_back(MakeAlert(*group, step));
  if (group->timeline.status().state == AlertState::kPending) active_.Pend(group);
}

void RuleEvaluator::EraseIfBlank(RuleGroup* group) {
  if (deadlines_.Of(*group) != kNever) return;
  if (group->timeline.IsBlank() && active_.Since(group) == kNoTime) Erase(group);
}

void RuleEvaluator::Erase(RuleGroup* group) {
  deadlines_.Set(group, kNever);
  AwaitCertain(group, kNever);
  touched_.erase(group);
  active_.End(group);
  CountUndecided(group->timeline.undecided(), 0);
  --memory_->groups;
  changed_.erase(group);
  if (options_.live) gone_.emplace_back(group->key());
  groups_.erase(groups_.find(group->key()));
  refused_groups_ = refuses_groups();
}

void RuleEvaluator::TakeUp(RuleGroup* group, TimeNs fires_since, bool told, int64_t peak) {
  ++memory_->groups;
  CountUndecided(0, group->timeline.undecided());
  if (fires_since != kNoTime) {
    active_.Restore(group, fires_since, told);
    active_.NoteCount(group, peak, /*begins=*/true);
  } else if (group->timeline.status().state != AlertState::kInactive) {
    active_.Pend(group);
  }
  Reschedule(group);
  touched_.insert(group);
}

void RuleEvaluator::DecideUntil(RuleGroup* group, TimeNs t, bool absence_on, Output* output) {
  const size_t undecided = group->timeline.undecided();
  for (TimeNs next; (next = group->timeline.NextInstant()) < t;) {
    // How near it came is told day by day.
    const TimeNs day_ends = AddNs(next - next % kDay, kDay);
    if (!DecideQuiet(group, std::min(t, day_ends))) DecideOne(group, absence_on, output);
  }
  CountUndecided(undecided, group->timeline.undecided());
}

void RuleEvaluator::DecideBefore(TimeNs t, Output* output) {
  decided_ = std::max(decided_, t);
  while (next_instant() < decided_) {
    RuleGroup* const group = deadlines_.first();
    DecideUntil(group, decided_, /*absence_on=*/true, output);
    if (options_.live) Withdraw(group, output);
    Reschedule(group);
    EraseIfBlank(group);
  }
}

void RuleEvaluator::DecideEarly(size_t keep, Output* output) {
  while (undecided_ > keep && !deadlines_.empty()) {
    DecideBefore(AddNs(next_instant(), 1), output);
  }
}

void RuleEvaluator::Finish(TimeNs end, bool drain, Output* output) {
  if (end != kNever) DecideBefore(AddNs(end, 1), output);
  while (drain && !deadlines_.empty()) {
    RuleGroup* const group = deadlines_.first();
    DecideUntil(group, AddNs(deadlines_.first_time(), 1), /*absence_on=*/false, output);
    Reschedule(group);
    EraseIfBlank(group);
  }
}

size_t RuleEvaluator::Forget(const Labels& group, TimeNs now, Output* output) {
  std::vector<RuleGroup*> found;
  for (const RuleGroupPtr& candidate : groups_) {
    const Labels labels = GroupLabels(GroupKeyValues(candidate->key()));
    const bool fits = std::all_of(
        group.pairs().begin(), group.pairs().end(),
        [&](const Labels::Pair& pair) { return labels.Get(pair.first) == pair.second; });
    if (fits) found.push_back(candidate.get());
  }
  std::sort(found.begin(), found.end(),
            [](const RuleGroup* a, const RuleGroup* b) { return a->number() < b->number(); });
  for (RuleGroup* const gone : found) {
    const AlertStatus status = gone->timeline.status();
    const TimeNs since = active_.Since(gone);
    const bool firing = since != kNoTime;
    if (firing || status.state != AlertState::kInactive) {
      TimelineStep step;
      step.starts_at = firing ? since : status.since;
      step.time = std::max({now, decided_, step.starts_at});
      step.state = firing ? AlertState::kResolved : AlertState::kInactive;
      step.shown = gone->timeline.ViewAt(step.time);
      step.value = step.shown.value;
      output->transitions.push_back(MakeTransition(*gone, step));
    }
    Erase(gone);
  }
  return found.size();
}

void RuleEvaluator::AwaitCertain(RuleGroup* group, TimeNs at) {
  const auto found = certain_at_.find(group);
  if (found != certain_at_.end()) {
    if (found->second == at) return;
    certain_deadlines_.erase({found->second, {group->number(), group}});
    certain_at_.erase(found);
  }
  if (at == kNever) return;
  certain_at_.emplace(group, at);
  certain_deadlines_.insert({at, {group->number(), group}});
}

void RuleEvaluator::TellOneCertain(RuleGroup* group, TimeNs passed, Output* output) {
  if (const ActiveAlerts::Active* const active = active_.Find(group);
      active != nullptr && active->since != kNoTime) {
    // What an alert that fires shows by now, for the next time that it is told again.
    if (active->told && group->timeline.newest() != kNoTime) {
      output->newer.push_back(MakeAlert(*group, NewestStep(*group)));
    }
    return;
  }
  const std::optional<TimelineStep> step = group->timeline.CertainFiring();
  if (!step.has_value()) return;
  // Without `for` the instant is a match's own, which has been read: it has passed.
  if (rule_->hold != 0 && step->time > passed) {
    AwaitCertain(group, step->time);
    return;
  }
  if (Fire(group, step->starts_at)) output->certain.push_back(MakeAlert(*group, *step));
  changed_.insert(group);
}

void RuleEvaluator::TellUntold(Output* output) {
  for (RuleGroup* const group : active_.TakeUntold()) {
    output->certain.push_back(MakeAlert(*group, StepNow(*group)));
    changed_.insert(group);
  }
}

void RuleEvaluator::TellCertain(TimeNs passed, Output* output) {
  TellUntold(output);
  if (!timeline_rule_.OnlyGrows()) {
    touched_.clear();
    return;
  }
  while (!certain_deadlines_.empty() && certain_deadlines_.begin()->first <= passed) {
    RuleGroup* const group = certain_deadlines_.begin()->second.second;
    AwaitCertain(group, kNever);
    touched_.insert(group);
  }
  std::vector<RuleGroup*> groups(touched_.begin(), touched_.end());
  touched_.clear();
  std::sort(groups.begin(), groups.end(),
            [](const RuleGroup* a, const RuleGroup* b) { return a->number() < b->number(); });
  for (RuleGroup* const group : groups) TellOneCertain(group, passed, output);
}

std::vector<std::string> RuleEvaluator::TakeChanged() {
  std::vector<std::string> keys = std::exchange(gone_, {});
  for (const RuleGroup* const group : changed_) keys.emplace_back(group->key());
  changed_.clear();
  std::sort(keys.begin(), keys.end());
  // A group that went and came back is one group.
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace tallybell
