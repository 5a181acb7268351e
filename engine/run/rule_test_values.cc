// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/rule_test_values.h"

#include "absl/strings/str_cat.h"
#include "engine/run/rule_test.h"

namespace tallybell {

absl::StatusOr<TimeNs> ParseTestMoment(absl::string_view text) {
  const absl::StatusOr<DurationNs> since = ParseDuration(text);
  if (since.ok()) return AddNs(kTestBegins, *since);
  const absl::StatusOr<TimeNs> moment = ParseRfc3339(text);
  if (moment.ok()) return moment;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not a time like 5m, counted from the beginning of the test, ",
                   "or 2024-05-01T12:00:00Z"));
}

TimeNs ReadTestMoment(const YamlScope& scope, const YamlNode& node) {
  const absl::StatusOr<TimeNs> moment = ParseTestMoment(node.text);
  if (moment.ok()) return *moment;
  scope.Error(node, moment.status().message());
  return kTestBegins;
}

const std::vector<const YamlNode*>& ReadItems(const YamlScope& scope, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kSequence) {
    scope.Error(node, absl::StrCat("expected a list, found ", YamlKindName(node.kind)));
  }
  return node.items;
}

std::vector<std::pair<std::string, std::string>> ReadTexts(const YamlScope& scope,
                                                           const YamlNode* node) {
  std::vector<std::pair<std::string, std::string>> texts;
  if (node == nullptr) return texts;
  if (node->kind != YamlNode::Kind::kMap) scope.Error(*node, "expected a map of texts");
  for (const YamlNode::Entry& entry : node->entries) {
    if (entry.value->kind != YamlNode::Kind::kScalar) {
      scope.Error(*entry.key, "expected a text");
    }
    texts.emplace_back(entry.key->text, entry.value->text);
  }
  return texts;
}

Labels ReadTestLabels(const YamlScope& scope, const YamlNode* node) {
  Labels labels;
  for (const auto& [name, value] : ReadTexts(scope, node)) {
    if (!IsLabelName(name)) scope.Error(*node, absl::StrCat("\"", name, "\" is no label name"));
    labels.Set(name, value);
  }
  return labels;
}

}  // namespace tallybell
