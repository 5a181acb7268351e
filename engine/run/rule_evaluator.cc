// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/rule_evaluator.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "engine/run/history_rows.h"

namespace tallybell {

std::string GroupKey(const std::vector<std::string>& by_values) {
  std::string key;
  for (const std::string& value : by_values) absl::StrAppend(&key, value, "\xff");
  return key;
}

std::vector<std::string> GroupKeyValues(absl::string_view key) {
  std::vector<std::string> values;
  while (!key.empty()) {
    const size_t end = key.find('\xff');
    values.emplace_back(key.substr(0, end));
    key.remove_prefix(end + 1);
  }
  return values;
}

RuleEvaluator::RuleEvaluator(const Rule* rule, size_t rule_index, const Options& options,
                             EvidenceRing* evidence, const std::vector<std::string>* file_names,
                             Metrics* metrics)
    : rule_(rule),
      rule_index_(rule_index),
      options_(options),
      timeline_rule_(*rule),
      evidence_(evidence),
      file_names_(file_names),
      matches_total_(metrics->Get("rule_matches_total", {{"rule", rule->alert}})),
      late_total_(metrics->Get("late_matches_total", {{"rule", rule->alert}})),
      refused_total_(metrics->Get("groups_refused_total", {{"rule", rule->alert}})),
      misses_(EnoughFor(*rule)) {}

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

RuleGroup* RuleEvaluator::FindOrAdd(const std::vector<std::string>& by_values) {
  std::string key = GroupKey(by_values);
  const auto found = groups_.find(key);
  if (found != groups_.end()) return found->second.get();
  if (groups_.size() >= options_.max_groups) {
    refused_total_.Add();
    return nullptr;
  }
  auto group = std::make_unique<RuleGroup>(&timeline_rule_);
  group->key = key;
  group->by_values = by_values;
  group->labels = AlertLabels(by_values);
  group->number = next_number_++;
  return groups_.emplace(std::move(key), std::move(group)).first->second.get();
}

const RuleGroup* RuleEvaluator::Find(const std::string& key) const {
  const auto found = groups_.find(key);
  return found == groups_.end() ? nullptr : found->second.get();
}

void RuleEvaluator::Reschedule(RuleGroup* group) {
  const TimeNs next = group->timeline.NextInstant();
  if (next == group->scheduled) return;
  if (group->scheduled != kNever) {
    deadlines_.erase({group->scheduled, {group->number, group}});
  }
  if (next != kNever) deadlines_.insert({next, {group->number, group}});
  group->scheduled = next;
}

void RuleEvaluator::Add(const RuleMatch& match, const MatchedRecord& record, TimeNs decided) {
  const TimeNs time = record.time;
  decided_ = std::max(decided_, decided);
  RuleGroup* const group = FindOrAdd(match.by_values);
  if (group == nullptr) return;
  GroupTimeline::Arrival arrival;
  if (match.clear) {
    ++tally_.clears;
    arrival = group->timeline.AddClear(time, decided_);
  } else {
    NoteMatch(*group);
    const uint64_t evidence = timeline_rule_.lines == 0 ? 0 : evidence_->Add(match.evidence);
    arrival = group->timeline.AddMatch({time, record.offset, evidence, record.file}, decided_);
  }
  if (arrival != GroupTimeline::Arrival::kInTime) late_total_.Add();
  // An instant that lies later than the one that is scheduled changes nothing yet.
  if (std::max(time, decided_) < group->scheduled) Reschedule(group);
  if (options_.live) {
    changed_.insert(group->key);
    touched_.insert(group);
  }
}

void RuleEvaluator::StartAbsence(TimeNs t) {
  if (!timeline_rule_.absence || timeline_rule_.grouped) return;
  RuleGroup* const group = FindOrAdd({});
  if (group == nullptr) return;
  group->timeline.StartAbsence(t);
  Reschedule(group);
  if (options_.live) changed_.insert(group->key);
}

void RuleEvaluator::SuspendAbsence() {
  if (!timeline_rule_.absence) return;
  for (const auto& [key, group] : groups_) {
    group->timeline.SuspendAbsence();
    Reschedule(group.get());
    changed_.insert(key);
  }
}

void RuleEvaluator::ResumeAbsence(TimeNs t) {
  if (!timeline_rule_.absence) return;
  for (const auto& [key, group] : groups_) {
    group->timeline.ResumeAbsence(t);
    Reschedule(group.get());
    changed_.insert(key);
  }
}

Alert RuleEvaluator::MakeAlert(const RuleGroup& group, const TimelineStep& step) const {
  Alert alert;
  alert.rule_group = rule_->group;
  alert.rule = rule_->alert;
  alert.labels = group.labels;
  alert.by_values = group.by_values;
  alert.value = step.shown.value;
  alert.exact = step.shown.exact;
  alert.starts_at = step.starts_at;
  if (step.state == AlertState::kResolved) alert.ends_at = step.time;
  alert.show_evidence = timeline_rule_.lines > 0;
  std::vector<std::string> lines;
  for (const WindowMatch& match : step.shown.lines) {
    absl::string_view line;
    if (!evidence_->Get(match.evidence, &line)) continue;
    alert.evidence.push_back({(*file_names_)[match.file], match.offset, std::string(line)});
    lines.emplace_back(line);
  }
  const Labels labels = GroupLabels(group.by_values);
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
  transition.peak = group.peak;
  transition.alert = MakeAlert(group, step);
  return transition;
}

// A group that was forgotten and comes back is still one group.
void RuleEvaluator::NoteMatch(const RuleGroup& group) {
  ++tally_.matches;
  matches_total_.Add();
  const uint64_t hash = absl::HashOf(group.key);
  if (tallied_groups_.size() < kMaxTalliedGroups) {
    tally_.groups += tallied_groups_.insert(hash).second ? 1 : 0;
  } else if (!tally_.more_groups) {
    tally_.more_groups = !tallied_groups_.contains(hash);
  }
}

void RuleEvaluator::NoteNearest(const RuleGroup& group, TimeNs t) {
  const int64_t count = group.timeline.count();
  const bool nearer =
      !tally_.nearest.has_value() ||
      (timeline_rule_.absence ? count < tally_.nearest->value : count > tally_.nearest->value);
  if (nearer) tally_.nearest = NearestMiss{count, t, GroupLabels(group.by_values)};
}

void RuleEvaluator::DecideOne(RuleGroup* group, bool absence_on, Output* output) {
  const TimeNs t = group->timeline.NextInstant();
  const int64_t before = group->timeline.count();
  const std::optional<TimelineStep> step = group->timeline.Decide(absence_on);
  NoteNearest(*group, t);
  const int64_t count = group->timeline.count();
  if (options_.live && timeline_rule_.OnlyGrows() && count > before) {
    misses_.Note(count, t, group->labels);
  }
  if (options_.live) changed_.insert(group->key);
  const bool begins = step.has_value() && step->state == AlertState::kFiring;
  group->peak = begins ? step->value : std::max(group->peak, group->timeline.count());
  if (!step.has_value()) return;
  output->transitions.push_back(MakeTransition(*group, *step));
  if (step->state == AlertState::kFiring) group->told_since = step->starts_at;
  if (step->state == AlertState::kResolved) group->told_since = kNoTime;
  NoteActive(group);
  if (step->state != AlertState::kResolved) return;
  // What was read since may make it certain already that it fires again.
  if (options_.live) touched_.insert(group);
}

// A clear that comes behind its time may take away what was certain.
void RuleEvaluator::Withdraw(RuleGroup* group, Output* output) {
  if (group->told_since == kNoTime || rule_->leaf().clear.empty()) return;
  if (group->timeline.status().state == AlertState::kFiring) return;
  if (group->timeline.CertainFiring().has_value()) return;
  TimelineStep step;
  step.state = AlertState::kResolved;
  step.starts_at = group->told_since;
  step.time = std::max(decided_, group->told_since);
  step.shown = group->timeline.ViewAt(step.time);
  output->withdrawn.push_back(MakeAlert(*group, step));
  group->told_since = kNoTime;
  NoteActive(group);
}

void RuleEvaluator::EraseIfBlank(RuleGroup* group) {
  if (group->timeline.IsBlank() && group->told_since == kNoTime) Erase(group);
}

void RuleEvaluator::Erase(RuleGroup* group) {
  if (group->scheduled != kNever) {
    deadlines_.erase({group->scheduled, {group->number, group}});
  }
  if (group->certain_at != kNever) {
    certain_deadlines_.erase({group->certain_at, {group->number, group}});
  }
  touched_.erase(group);
  active_.erase(group->number);
  groups_.erase(std::string(group->key));
}

void RuleEvaluator::DecideBefore(TimeNs t, Output* output) {
  decided_ = std::max(decided_, t);
  while (!deadlines_.empty() && deadlines_.begin()->first < decided_) {
    RuleGroup* const group = deadlines_.begin()->second.second;
    deadlines_.erase(deadlines_.begin());
    group->scheduled = kNever;
    while (group->timeline.NextInstant() < decided_) DecideOne(group, true, output);
    if (options_.live) Withdraw(group, output);
    Reschedule(group);
    if (group->scheduled == kNever) EraseIfBlank(group);
  }
}

void RuleEvaluator::Finish(TimeNs end, bool drain, Output* output) {
  if (end != kNever) DecideBefore(AddNs(end, 1), output);
  while (drain && !deadlines_.empty()) {
    RuleGroup* const group = deadlines_.begin()->second.second;
    const TimeNs until = AddNs(deadlines_.begin()->first, 1);
    deadlines_.erase(deadlines_.begin());
    group->scheduled = kNever;
    while (group->timeline.NextInstant() < until) DecideOne(group, false, output);
    Reschedule(group);
    if (group->scheduled == kNever) EraseIfBlank(group);
  }
}

size_t RuleEvaluator::Forget(const Labels& group, TimeNs now, Output* output) {
  std::vector<RuleGroup*> found;
  for (const auto& [key, candidate] : groups_) {
    const Labels labels = GroupLabels(candidate->by_values);
    const bool fits = std::all_of(
        group.pairs().begin(), group.pairs().end(),
        [&](const Labels::Pair& pair) { return labels.Get(pair.first) == pair.second; });
    if (fits) found.push_back(candidate.get());
  }
  std::sort(found.begin(), found.end(),
            [](const RuleGroup* a, const RuleGroup* b) { return a->number < b->number; });
  for (RuleGroup* const gone : found) {
    const AlertStatus& status = gone->timeline.status();
    const bool firing = gone->told_since != kNoTime;
    if (firing || status.state != AlertState::kInactive) {
      TimelineStep step;
      step.starts_at = firing ? gone->told_since : status.since;
      step.time = std::max({now, decided_, step.starts_at});
      step.state = firing ? AlertState::kResolved : AlertState::kInactive;
      step.shown = gone->timeline.ViewAt(step.time);
      step.value = step.shown.value;
      output->transitions.push_back(MakeTransition(*gone, step));
    }
    changed_.insert(gone->key);
    Erase(gone);
  }
  return found.size();
}

void RuleEvaluator::TellCertain(TimeNs passed, Output* output) {
  if (!timeline_rule_.OnlyGrows()) {
    touched_.clear();
    return;
  }
  while (!certain_deadlines_.empty() && certain_deadlines_.begin()->first <= passed) {
    RuleGroup* const group = certain_deadlines_.begin()->second.second;
    certain_deadlines_.erase(certain_deadlines_.begin());
    group->certain_at = kNever;
    touched_.insert(group);
  }
  std::vector<RuleGroup*> groups(touched_.begin(), touched_.end());
  touched_.clear();
  std::sort(groups.begin(), groups.end(),
            [](const RuleGroup* a, const RuleGroup* b) { return a->number < b->number; });
  for (RuleGroup* const group : groups) {
    if (group->told_since != kNoTime) {
      TellNewer(*group, output);
      continue;
    }
    const std::optional<TimelineStep> step = group->timeline.CertainFiring();
    if (!step.has_value()) continue;
    // Without `for` the instant is a match's own, which has been read: it has passed.
    if (rule_->hold == 0 || step->time <= passed) {
      output->certain.push_back(MakeAlert(*group, *step));
      group->told_since = step->starts_at;
      NoteActive(group);
      changed_.insert(group->key);
    } else if (step->time != group->certain_at) {
      if (group->certain_at != kNever) {
        certain_deadlines_.erase({group->certain_at, {group->number, group}});
      }
      group->certain_at = step->time;
      certain_deadlines_.insert({step->time, {group->number, group}});
    }
  }
}

// A firing alert as its newest match shows it.
TimelineStep RuleEvaluator::NewestStep(const RuleGroup& group) const {
  const absl::Span<const WindowMatch> known = group.timeline.matches();
  TimelineStep step;
  step.state = AlertState::kFiring;
  step.starts_at = group.told_since;
  step.time = known.empty() ? group.told_since : known.back().time;
  step.shown = group.timeline.ViewAt(step.time);
  step.value = step.shown.value;
  return step;
}

// What an alert that fires shows by now, for the next time that it is told again.
void RuleEvaluator::TellNewer(const RuleGroup& group, Output* output) const {
  if (group.timeline.matches().empty()) return;
  output->newer.push_back(MakeAlert(group, NewestStep(group)));
}

std::vector<Transition> RuleEvaluator::FiringNow() const {
  std::vector<Transition> firing;
  for (const auto& [key, group] : groups_) {
    if (group->timeline.status().state != AlertState::kFiring) continue;
    firing.push_back(MakeTransition(*group, NewestStep(*group)));
  }
  return firing;
}

void RuleEvaluator::NoteActive(RuleGroup* group) {
  const bool active =
      group->timeline.status().state != AlertState::kInactive || group->told_since != kNoTime;
  if (active) {
    active_.emplace(group->number, group);
  } else {
    active_.erase(group->number);
  }
}

RuleEvaluator::ActiveCount RuleEvaluator::CountActive() const {
  ActiveCount count;
  for (const auto& [number, group] : active_) {
    ++(group->told_since != kNoTime ? count.firing : count.pending);
  }
  return count;
}

std::vector<Transition> RuleEvaluator::ActiveNow(size_t limit) const {
  std::vector<uint64_t> numbers;
  numbers.reserve(active_.size());
  for (const auto& [number, group] : active_) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  if (numbers.size() > limit) numbers.resize(limit);
  std::vector<Transition> active;
  for (const uint64_t number : numbers) {
    const RuleGroup& group = *active_.at(number);
    const AlertStatus& status = group.timeline.status();
    const absl::Span<const WindowMatch> known = group.timeline.matches();
    const bool firing = group.told_since != kNoTime;
    TimelineStep step;
    step.state = firing ? AlertState::kFiring : status.state;
    step.starts_at = firing ? group.told_since : status.since;
    step.time = std::max(decided_, known.empty() ? step.starts_at : known.back().time);
    step.shown = group.timeline.ViewAt(step.time);
    step.value = step.shown.value;
    step.exact = step.shown.exact;
    active.push_back(MakeTransition(group, step));
  }
  return active;
}

TimeNs RuleEvaluator::next_certain() const {
  return certain_deadlines_.empty() ? kNever : certain_deadlines_.begin()->first;
}

std::vector<std::string> RuleEvaluator::TakeChanged() {
  std::vector<std::string> keys(changed_.begin(), changed_.end());
  changed_.clear();
  return keys;
}

}  // namespace tallybell
