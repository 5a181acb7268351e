// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What a RuleEvaluator shows of its alerts, without changing anything.
#include <algorithm>

#include "engine/run/rule_evaluator.h"

namespace tallybell {

// A firing alert as its newest match shows it.
TimelineStep RuleEvaluator::NewestStep(const RuleGroup& group) const {
  const TimeNs newest = group.timeline.newest();
  TimelineStep step;
  step.state = AlertState::kFiring;
  step.starts_at = active_.Since(&group);
  step.time = newest == kNoTime ? step.starts_at : newest;
  step.shown = group.timeline.ViewAt(step.time);
  step.value = step.shown.value;
  return step;
}

// A pending or firing alert as it stands now.
TimelineStep RuleEvaluator::StepNow(const RuleGroup& group) const {
  const AlertStatus status = group.timeline.status();
  const TimeNs newest = group.timeline.newest();
  const TimeNs since = active_.Since(&group);
  const bool firing = since != kNoTime;
  TimelineStep step;
  step.state = firing ? AlertState::kFiring : status.state;
  step.starts_at = firing ? since : status.since;
  step.time = std::max(decided_, newest == kNoTime ? step.starts_at : newest);
  step.shown = group.timeline.ViewAt(step.time);
  step.value = step.shown.value;
  step.exact = step.shown.exact;
  return step;
}

std::vector<Transition> RuleEvaluator::FiringNow() const {
  std::vector<Transition> firing;
  for (const RuleGroup* const group : active_.ByAge()) {
    if (group->timeline.status().state != AlertState::kFiring) continue;
    firing.push_back(MakeTransition(*group, NewestStep(*group)));
  }
  return firing;
}

RuleEvaluator::ActiveCount RuleEvaluator::CountActive() const {
  ActiveCount count;
  for (const auto& [group, active] : active_.all()) {
    ++(active.since != kNoTime ? count.firing : count.pending);
  }
  return count;
}

std::vector<Transition> RuleEvaluator::ActiveNow(size_t limit) const {
  std::vector<const RuleGroup*> groups = active_.ByAge();
  if (groups.size() > limit) groups.resize(limit);
  std::vector<Transition> active;
  active.reserve(groups.size());
  for (const RuleGroup* const group : groups) {
    active.push_back(MakeTransition(*group, StepNow(*group)));
  }
  return active;
}

TimeNs RuleEvaluator::next_certain() const {
  return certain_deadlines_.empty() ? kNever : certain_deadlines_.begin()->first;
}

}  // namespace tallybell
