// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MATCH_RULE_VERDICT_H_
#define TALLYBELL_ENGINE_MATCH_RULE_VERDICT_H_

#include <string>
#include <utility>
#include <vector>

#include "engine/model/record.h"
#include "rules/rule.h"

namespace tallybell {

// What one rule makes of one record, with the reason in words: RuleMatcher's answer for a person
// who asks why. It is much slower and bounds and redacts nothing.
struct RuleVerdict {
  enum class Kind { kPasses, kCounts, kClears };
  Kind kind = Kind::kPasses;
  // One line: what was found, or at what the record fails first.
  std::string reason;
  // The rule's `by` names and their values, unless the record passes by.
  std::vector<std::pair<std::string, std::string>> group;
};

// Thread-safe.
RuleVerdict JudgeRecord(const Rule& rule, const Record& record);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MATCH_RULE_VERDICT_H_
