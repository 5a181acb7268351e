// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_RULE_QUERY_H_
#define TALLYBELL_RULES_RULE_QUERY_H_

#include <string>

#include "rules/rule.h"

namespace tallybell {

// The rule's condition as a LogQL metric query, for those who show rules and know that language:
// sum by (host) (count_over_time({job="anka"} |= "can't start vm" [20m])) > 3. LogQL has no word
// for `clear`, which is left out.
std::string RuleQuery(const Rule& rule);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_RULE_QUERY_H_
