// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The rule files of rules/packs, built into the binary.
#ifndef TALLYBELL_RULES_PACKS_H_
#define TALLYBELL_RULES_PACKS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tallybell {

struct Pack {
  absl::string_view name;  // as in "pack:anka-node"
  absl::string_view text;  // the rule file
};

// By name. The texts live as long as the program.
absl::Span<const Pack> BuiltInPacks();

}  // namespace tallybell

#endif  // TALLYBELL_RULES_PACKS_H_
