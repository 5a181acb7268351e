// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_PATTERN_LIST_H_
#define TALLYBELL_RULES_PATTERN_LIST_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/pattern.h"
#include "rules/yaml_fields.h"

namespace tallybell {

// A pattern as it is written in one text: a literal, or a regex as /.../ or /.../i.
// InvalidArgument (a TextFault) if it is empty, if its regex is bad, or if it looks like both.
absl::StatusOr<Pattern> ParsePattern(absl::string_view text);

// The value of `match`, `exclude`, `clear`, `redact`: one pattern or a list of them, each a text
// or a map with `literal` or `regex`. What is wrong is reported to `scope` and left out.
std::vector<Pattern> ReadPatternList(const YamlScope& scope, const YamlNode& node);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_PATTERN_LIST_H_
