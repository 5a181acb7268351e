// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Texts by which a reload tells what changed about a rule.
#ifndef TALLYBELL_RULES_RULE_KEYS_H_
#define TALLYBELL_RULES_RULE_KEYS_H_

#include <string>
#include <utility>
#include <vector>

#include "rules/rule.h"

namespace tallybell {

// Changes exactly when what the rule counts does: order of matchers and patterns, spaces and
// quotes do not show. Order of `by` does, because windows are stored by it.
std::string WatchKey(const Leaf& leaf, Comparison op, int64_t threshold);

// Of names and template texts of labels; their order does not show.
std::string LabelsKey(std::vector<std::pair<std::string, std::string>> labels);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_RULE_KEYS_H_
