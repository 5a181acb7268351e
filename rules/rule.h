// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_RULE_H_
#define TALLYBELL_RULES_RULE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/time_ns.h"
#include "rules/diagnostics.h"
#include "rules/expression.h"
#include "rules/template.h"

namespace tallybell {

// A rule that has been checked and compiled. Immutable and thread-safe.
struct Rule {
  std::string group;
  std::string alert;
  // Its place among rules of that group and alert name, from 0. The three together are the rule's
  // identity over a reload (docs/semantics.md, "Reload").
  int ordinal = 0;
  Place place;

  Expression expression;
  DurationNs hold = 0;  // `for`
  DurationNs keep_firing_for = 0;
  DurationNs forget = 24 * kHour;
  int evidence_lines = 5;  // 0: none is shown
  std::vector<std::pair<std::string, Template>> labels;
  std::vector<std::pair<std::string, Template>> annotations;

  // Text that changes exactly when `from match exclude clear where by when` change in meaning.
  std::string watch_key;
  // Text that changes exactly when `labels` change.
  std::string labels_key;

  // The one leaf, the operator and the number of `count OP N in D`.
  const Leaf& leaf() const {
    return std::get<Leaf>(std::get<CompareNode>(expression.node).left->node);
  }
  Comparison op() const;
  int64_t threshold() const;

  // Whether a count of zero satisfies the condition.
  bool WatchesAbsence() const { return Compare(0, op(), threshold()); }
};

struct RuleSet {
  std::vector<Rule> rules;  // in the order of files and of each file
};

}  // namespace tallybell

#endif  // TALLYBELL_RULES_RULE_H_
