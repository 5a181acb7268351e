// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What files of rule tests write in several places: times, lists, labels. Faults go to the scope.
#ifndef TALLYBELL_ENGINE_RUN_RULE_TEST_VALUES_H_
#define TALLYBELL_ENGINE_RUN_RULE_TEST_VALUES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"
#include "rules/yaml_fields.h"

namespace tallybell {

// "5m" from the beginning of the test, or "2024-05-01T12:00:00Z".
absl::StatusOr<TimeNs> ParseTestMoment(absl::string_view text);

// The same of a node; the beginning of the test if it is none.
TimeNs ReadTestMoment(const YamlScope& scope, const YamlNode& node);

// The items of a list; empty if it is none.
const std::vector<const YamlNode*>& ReadItems(const YamlScope& scope, const YamlNode& node);

// A map of names to texts, in the order of the file; empty if `node` is null.
std::vector<std::pair<std::string, std::string>> ReadTexts(const YamlScope& scope,
                                                           const YamlNode* node);
Labels ReadTestLabels(const YamlScope& scope, const YamlNode* node);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_RULE_TEST_VALUES_H_
