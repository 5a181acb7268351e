// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The two maps of templates of a rule: labels, which are identity, and annotations, which are not.
#ifndef TALLYBELL_RULES_RULE_LABELS_H_
#define TALLYBELL_RULES_RULE_LABELS_H_

#include <string>
#include <utility>
#include <vector>

#include "rules/expression.h"
#include "rules/template.h"
#include "rules/yaml_fields.h"

namespace tallybell {

using NamedTemplates = std::vector<std::pair<std::string, Template>>;

// `node` is the value of `labels`, or null. Names and texts go to `*texts` as well. A label that
// `by` or the alert itself already has is an error, and so is one that changes with each match.
NamedTemplates ReadRuleLabels(const YamlScope& scope, const YamlNode* node,
                              const std::vector<GroupBy>& by,
                              std::vector<std::pair<std::string, std::string>>* texts);

// `node` is the value of `annotations`, or null. A $labels.NAME that the alert will hardly have,
// but one of much the same name, is a warning: the configuration may add labels of its own.
NamedTemplates ReadAnnotations(const YamlScope& scope, const YamlNode* node,
                               const std::vector<GroupBy>& by, const NamedTemplates& labels);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_RULE_LABELS_H_
