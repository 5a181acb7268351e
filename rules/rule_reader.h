// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_RULE_READER_H_
#define TALLYBELL_RULES_RULE_READER_H_

#include <vector>

#include "rules/diagnostics.h"
#include "rules/rule.h"
#include "rules/yaml_document.h"

namespace tallybell {

// Appends the rules of one file to `*rules` and every fault to `*diagnostics`; a rule with an
// error is left out. `ordinal` is not set: it depends on the other files.
void ReadRuleFile(const YamlDocument& document, Diagnostics* diagnostics, std::vector<Rule>* rules);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_RULE_READER_H_
