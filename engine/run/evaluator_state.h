// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_EVALUATOR_STATE_H_
#define TALLYBELL_ENGINE_RUN_EVALUATOR_STATE_H_

#include <string>
#include <vector>

#include "engine/base/time_ns.h"
#include "engine/outbox/outbox.h"
#include "engine/run/evaluator.h"
#include "engine/store/delta.h"

namespace tallybell {

// What the state file keeps of an evaluator, and how an evaluator of the same or of other rules
// takes it up (docs/semantics.md, "Reload"): a restart is a reload that changed nothing.
class EvaluatorState {
 public:
  // Appends the rows of what changed since the last call.
  static void SaveChanged(Evaluator* evaluator, Delta* delta);

  // The rows of everything but the lines of evidence, for an evaluator that takes over without a
  // restart.
  static void SaveAll(Evaluator* evaluator, std::vector<RuleRow>* rules,
                      std::vector<GroupRow>* groups);

  // Brings the lines of evidence into `*evaluator`, which is new, before Restore: those among
  // `*positions`, which are taken out of there, or those of the evaluator that gives over.
  static void RestoreLines(std::vector<PositionRow>* positions, Evaluator* evaluator,
                           Metrics* metrics, Delta* delta);
  static void HandOverLines(Evaluator* former, Evaluator* evaluator);

  // Puts rows back into `*evaluator`, which is new but for its lines. Rules that are gone or tell
  // alerts by other labels now give updates; rows that nothing stands for any more are erased by
  // `*delta`. Rows that cannot be read are erased too, counted in state_rows_rejected_total.
  static void Restore(const std::vector<RuleRow>& rules, const std::vector<GroupRow>& groups,
                      TimeNs now, Evaluator* evaluator, Metrics* metrics,
                      std::vector<AlertUpdate>* updates, Delta* delta);

  // Appends a firing for every alert that the sinks should know of.
  static void TellFiring(const Evaluator& evaluator, std::vector<AlertUpdate>* updates);

 private:
  struct SavedRule;
  struct SavedGroup;

  static std::string RuleState(const RuleEvaluator& rule);
  static void SaveGroup(const Evaluator& evaluator, const RuleEvaluator& rule,
                        const std::string& key, std::vector<GroupRow>* rows);
  static bool RestoreGroup(const SavedRule& rule, const SavedGroup& group, TimeNs now,
                           Evaluator* evaluator, std::vector<AlertUpdate>* updates,
                           Metric* rejected);
  static Alert FiringAlert(const RuleEvaluator& rule, const RuleGroup& group);
  static void TellChange(const SavedGroup& saved, const RuleEvaluator& rule, const RuleGroup& group,
                         TimeNs now, std::vector<AlertUpdate>* updates);
};

// A rule's identity over a reload: its group, its name and its place among rules of that name.
std::string RuleKey(const Rule& rule);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_EVALUATOR_STATE_H_
