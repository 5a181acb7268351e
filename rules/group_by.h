// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_GROUP_BY_H_
#define TALLYBELL_RULES_GROUP_BY_H_

#include <vector>

#include "rules/expression.h"
#include "rules/yaml_fields.h"

namespace tallybell {

// The value of `by`: a name or a list of names, each perhaps with alternatives, host|job. What is
// wrong is reported to `scope` and left out.
std::vector<GroupBy> ReadGroupBy(const YamlScope& scope, const YamlNode& node);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_GROUP_BY_H_
