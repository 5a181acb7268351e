// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/group_by.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/model/labels.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

constexpr size_t kMaxNames = 32;

// Fields may have names that labels may not: http.status, user-agent.
bool IsFieldName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-';
  });
}

absl::StatusOr<GroupBy> ParseGroupBy(absl::string_view text) {
  GroupBy by;
  size_t offset = 0;
  for (const absl::string_view part : absl::StrSplit(text, '|')) {
    const absl::string_view name = absl::StripAsciiWhitespace(part);
    if (!IsFieldName(name)) {
      return TextFault(offset, absl::StrCat("\"", name, "\" is not the name of a label or field"),
                       "letters, digits, _ . and -");
    }
    by.alternatives.emplace_back(name);
    offset += part.size() + 1;
  }
  by.name = by.alternatives[0];
  if (!IsLabelName(by.name)) {
    std::string label = by.name;
    for (char& c : label) {
      if (!absl::ascii_isalnum(c)) c = '_';
    }
    if (absl::ascii_isdigit(label[0])) label.insert(0, "_");
    return TextFault(0, absl::StrCat("\"", by.name, "\" cannot be the name of a label"),
                     absl::StrCat("write ", label, "|", by.name));
  }
  if (by.name == "alertname") return TextFault(0, "alertname is the rule's own name");
  return by;
}

}  // namespace

std::vector<GroupBy> ReadGroupBy(const YamlScope& scope, const YamlNode& node) {
  std::vector<GroupBy> result;
  std::vector<const YamlNode*> items = node.items;
  if (node.kind == YamlNode::Kind::kScalar) items.push_back(&node);
  if (node.kind == YamlNode::Kind::kMap) scope.Error(node, "expected a list of names, found a map");
  if (items.size() > kMaxNames) {
    scope.Error(node, "more than 32 names");
    return result;
  }
  for (const YamlNode* item : items) {
    if (item->kind != YamlNode::Kind::kScalar) {
      scope.Error(*item, absl::StrCat("expected a name, found ", YamlKindName(item->kind)));
      continue;
    }
    absl::StatusOr<GroupBy> by = ParseGroupBy(item->text);
    if (!by.ok()) {
      scope.Error(*item, by.status());
    } else if (std::any_of(result.begin(), result.end(),
                           [&by](const GroupBy& other) { return other.name == by->name; })) {
      scope.Error(*item, absl::StrCat("\"", by->name, "\" is here twice"));
    } else {
      result.push_back(*std::move(by));
    }
  }
  return result;
}

}  // namespace tallybell
