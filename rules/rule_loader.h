// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_RULE_LOADER_H_
#define TALLYBELL_RULES_RULE_LOADER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/diagnostics.h"
#include "rules/rule.h"

namespace tallybell {

// Loads rule files in stages: read, check, compile. Every fault of every file goes into
// `*diagnostics`; the result is whole only if that has no errors.
//
// Each of `names` is a path, a glob, or "pack:NAME" for rules that are built in. A glob that
// matches nothing is a warning, a path that does not exist an error.
RuleSet LoadRules(const std::vector<std::string>& names, Diagnostics* diagnostics);

// The same for one text that is already in memory; `file` stands in diagnostics.
RuleSet LoadRulesFromText(absl::string_view file, absl::string_view text, Diagnostics* diagnostics);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_RULE_LOADER_H_
