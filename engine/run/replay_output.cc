// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/replay_output.h"

#include <utility>
#include <vector>

namespace tallybell {

void ReplayOutput::Decide(OnTransition on_transition) {
  evaluator_->Decide(kNoTime, &decided_);
  if (decided_.transitions.size() < tell_at_) return;
  Tell(/*all=*/false, on_transition);
  tell_at_ = 2 * decided_.transitions.size() + 64;
}

void ReplayOutput::Finish(TimeNs end, bool drain, OnTransition on_transition) {
  if (end != kNoTime) evaluator_->Finish(end, drain, &decided_);
  Tell(/*all=*/true, on_transition);
}

// Tells what is decided for every rule, so that the order is that of time.
void ReplayOutput::Tell(bool all, OnTransition on_transition) {
  std::vector<Transition>& waiting = decided_.transitions;
  SortTransitions(&waiting);
  const TimeNs before = all ? kNever : evaluator_->decided_everywhere();
  auto end = waiting.begin();
  for (; end != waiting.end() && (all || end->time < before); ++end) TellOne(*end, on_transition);
  waiting.erase(waiting.begin(), end);
  if (all) TellFiringBefore(on_transition);
}

void ReplayOutput::TellOne(const Transition& transition, OnTransition on_transition) {
  if (since_ != kNoTime && transition.time < since_) {
    const std::pair<size_t, Labels> identity(transition.rule_index, transition.alert.labels);
    if (transition.state == AlertState::kFiring) {
      firing_before_.insert_or_assign(identity, transition);
    } else {
      firing_before_.erase(identity);
    }
    return;
  }
  TellFiringBefore(on_transition);
  on_transition(transition);
}

void ReplayOutput::TellFiringBefore(OnTransition on_transition) {
  if (firing_before_.empty()) return;
  std::vector<Transition> firing;
  for (auto& [identity, transition] : firing_before_) firing.push_back(std::move(transition));
  firing_before_.clear();
  SortTransitions(&firing);
  for (const Transition& transition : firing) on_transition(transition);
}

}  // namespace tallybell
