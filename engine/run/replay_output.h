// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_REPLAY_OUTPUT_H_
#define TALLYBELL_ENGINE_RUN_REPLAY_OUTPUT_H_

#include <cstddef>
#include <map>
#include <utility>

#include "absl/functional/function_ref.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"
#include "engine/run/evaluator.h"
#include "engine/run/rule_evaluator.h"

namespace tallybell {

// What a replay decides, told in order of time, then rule, then labels, as soon as nothing earlier
// can follow (docs/semantics.md, "Output of a replay"). Not thread-safe.
class ReplayOutput {
 public:
  using OnTransition = absl::FunctionRef<void(const Transition&)>;

  // `since`: nothing earlier is told, but that it fires still; kNoTime: all is. `evaluator`
  // outlives it.
  ReplayOutput(TimeNs since, Evaluator* evaluator) : since_(since), evaluator_(evaluator) {}

  // Decides what is known.
  void Decide(OnTransition on_transition);
  // Decides all up to the end of the input, and tells what has not been told. `end` kNoTime: there
  // was no input.
  void Finish(TimeNs end, bool drain, OnTransition on_transition);

 private:
  void Tell(bool all, OnTransition on_transition);
  void TellOne(const Transition& transition, OnTransition on_transition);
  void TellFiringBefore(OnTransition on_transition);

  const TimeNs since_;
  Evaluator* const evaluator_;
  RuleEvaluator::Output decided_;
  size_t tell_at_ = 64;  // transitions that wait before it is looked at which can be told
  // What fires before `since_`, to be told if it still does then.
  std::map<std::pair<size_t, Labels>, Transition> firing_before_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_REPLAY_OUTPUT_H_
