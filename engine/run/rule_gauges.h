// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_RULE_GAUGES_H_
#define TALLYBELL_ENGINE_RUN_RULE_GAUGES_H_

#include <vector>

#include "engine/base/metrics.h"
#include "engine/run/evaluator.h"
#include "rules/rule.h"

namespace tallybell {

// The gauges of rules that are not counted as things happen: how many alerts and groups each has,
// and how near it came. Belongs to the evaluation thread.
class RuleGauges {
 public:
  RuleGauges(const RuleSet& rules, Metrics* metrics);
  ~RuleGauges();
  RuleGauges(const RuleGauges&) = delete;
  RuleGauges& operator=(const RuleGauges&) = delete;

  // `evaluator` is of the same rules.
  void Update(const Evaluator& evaluator);

 private:
  void Clear();

  struct OfRule {
    Metric* pending;
    Metric* firing;
    Metric* groups;
    Metric* nearest;
  };

  Metric* const undecided_;
  Metric* const times_gave_way_;
  Metric* const lines_gave_way_;
  Metric* const lines_unsaved_;
  Metric* const texts_cut_;
  std::vector<OfRule> rules_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_RULE_GAUGES_H_
