// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/rule_labels.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/model/labels.h"

namespace tallybell {
namespace {

constexpr size_t kMaxNames = 64;

// Calls `check` for each template of `node` that parses; keeps those for which it returns true.
template <typename Check>
NamedTemplates ReadTemplates(const YamlScope& scope, const YamlNode* node, Check check) {
  NamedTemplates result;
  if (node == nullptr) return result;
  if (node->kind != YamlNode::Kind::kMap) {
    scope.Error(*node, absl::StrCat("expected a map, found ", YamlKindName(node->kind)));
    return result;
  }
  if (node->entries.size() > kMaxNames) {
    scope.Error(*node, "more than 64 names");
    return result;
  }
  for (const YamlNode::Entry& entry : node->entries) {
    const std::string& name = entry.key->text;
    const YamlScope inner = scope.Within(name);
    if (!IsLabelName(name)) {
      scope.Error(*entry.key, absl::StrCat("\"", name, "\" is not a name"),
                  "letters, digits and _, no digit first");
      continue;
    }
    if (entry.value->kind != YamlNode::Kind::kScalar) {
      inner.Error(*entry.value,
                  absl::StrCat("expected a text, found ", YamlKindName(entry.value->kind)));
      continue;
    }
    absl::StatusOr<Template> parsed = Template::Parse(entry.value->text);
    if (!parsed.ok()) {
      inner.Error(*entry.value, parsed.status());
    } else if (check(inner, entry, *parsed)) {
      result.emplace_back(name, *std::move(parsed));
    }
  }
  return result;
}

}  // namespace

NamedTemplates ReadRuleLabels(const YamlScope& scope, const YamlNode* node,
                              const std::vector<GroupBy>& by,
                              std::vector<std::pair<std::string, std::string>>* texts) {
  const auto check = [&](const YamlScope& inner, const YamlNode::Entry& entry,
                         const Template& parsed) {
    const std::string& name = entry.key->text;
    if (name == "alertname") {
      inner.Error(*entry.key, "alertname is the rule's own name");
    } else if (std::any_of(by.begin(), by.end(),
                           [&name](const GroupBy& group) { return group.name == name; })) {
      inner.Error(*entry.key, "the group already has a label of this name, from by");
    } else if (parsed.uses_value() || parsed.uses_lines()) {
      inner.Error(*entry.value,
                  absl::StrCat(parsed.uses_value() ? "$value" : "$lines",
                               " in a label would make a new alert of every match"),
                  "put it into an annotation");
    } else {
      texts->emplace_back(name, entry.value->text);
      return true;
    }
    return false;
  };
  return ReadTemplates(scope.Within("labels"), node, check);
}

NamedTemplates ReadAnnotations(const YamlScope& scope, const YamlNode* node,
                               const std::vector<GroupBy>& by, const NamedTemplates& labels) {
  std::vector<std::string> known = {"alertname"};
  for (const GroupBy& group : by) known.push_back(group.name);
  for (const auto& label : labels) known.push_back(label.first);
  const auto check = [&known](const YamlScope& inner, const YamlNode::Entry& entry,
                              const Template& parsed) {
    for (const std::string& name : parsed.label_names()) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::string nearest = NearestWord(name, known);
      if (nearest.empty()) continue;
      inner.Warning(*entry.value, absl::StrCat("neither by nor labels has a \"", name, "\""),
                    absl::StrCat("did you mean $labels.", nearest, "?"));
    }
    return true;
  };
  return ReadTemplates(scope.Within("annotations"), node, check);
}

}  // namespace tallybell
