// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_RULE_PARTS_H_
#define TALLYBELL_RULES_RULE_PARTS_H_

#include <cstddef>
#include <vector>

#include "absl/functional/function_ref.h"
#include "rules/diagnostics.h"
#include "rules/rule.h"

namespace tallybell {

// Appends the rules [begin, end) of a list to `*rules` and what is wrong with them to
// `*diagnostics`. Called on several threads at a time, each with its own of both.
using ReadSomeRules = absl::FunctionRef<void(size_t begin, size_t end, Diagnostics* diagnostics,
                                             std::vector<Rule>* rules)>;

// How many threads a list of `count` rules is worth: one of few, else what this process may use.
int ThreadsForRules(size_t count);

// Has the rules [0, count) read on `threads` threads, which end before it returns. Rules and
// diagnostics are those that one thread would append, in the same order.
void ReadRulesInParts(size_t count, int threads, ReadSomeRules read, Diagnostics* diagnostics,
                      std::vector<Rule>* rules);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_RULE_PARTS_H_
