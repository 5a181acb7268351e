// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MODEL_RULE_ID_H_
#define TALLYBELL_ENGINE_MODEL_RULE_ID_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// What a link to the rule of that group and name says of it: 16 hex digits, the same in every
// process and version.
std::string RuleId(absl::string_view group, absl::string_view rule);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MODEL_RULE_ID_H_
