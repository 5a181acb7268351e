// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MATCH_GROUP_KEY_H_
#define TALLYBELL_ENGINE_MATCH_GROUP_KEY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tallybell {

// The values of a rule's `by` as one string: they are UTF-8, and each is ended by a byte that is
// not. Empty for a rule without `by`.
void AppendToGroupKey(absl::string_view value, std::string* key);
std::string GroupKey(absl::Span<const std::string> by_values);
// And back.
std::vector<std::string> GroupKeyValues(absl::string_view key);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MATCH_GROUP_KEY_H_
