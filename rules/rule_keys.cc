// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/rule_keys.h"

#include <algorithm>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/quoted_text.h"

namespace tallybell {
namespace {

// Sorted and each once: the order of alternatives means nothing.
std::string JoinSet(std::vector<std::string> parts) {
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return absl::StrJoin(parts, ",");
}

std::string PatternsKey(const std::vector<Pattern>& patterns) {
  std::vector<std::string> parts;
  for (const Pattern& pattern : patterns) {
    const absl::string_view kind = pattern.is_literal()    ? "literal "
                                   : pattern.ignore_case() ? "regex-i "
                                                           : "regex ";
    parts.push_back(absl::StrCat(kind, Quote(pattern.text())));
  }
  return JoinSet(std::move(parts));
}

std::string SelectorKey(const Selector& selector) {
  static constexpr absl::string_view kOps[] = {"=", "!=", "=~", "!~"};
  std::vector<std::string> parts;
  for (const Selector::Matcher& matcher : selector.matchers()) {
    parts.push_back(
        absl::StrCat(matcher.name, kOps[static_cast<int>(matcher.op)], Quote(matcher.value)));
  }
  return JoinSet(std::move(parts));
}

std::string StageKey(const Stage& stage) {
  if (const auto* any = std::get_if<Stage::AnyOf>(&stage.test)) {
    return absl::StrCat("any(", PatternsKey(any->patterns), ")");
  }
  if (const auto* none = std::get_if<Stage::NoneOf>(&stage.test)) {
    return absl::StrCat("none(", PatternsKey(none->patterns), ")");
  }
  return absl::StrCat("where(", std::get<Where>(stage.test).ToString(), ")");
}

}  // namespace

std::string WatchKey(const Leaf& leaf, Comparison op, int64_t threshold) {
  std::string key = absl::StrCat("from{", SelectorKey(leaf.from), "}");
  for (const Stage& stage : leaf.stages) absl::StrAppend(&key, " ", StageKey(stage));
  absl::StrAppend(&key, " clear(", PatternsKey(leaf.clear), ") by(");
  for (const GroupBy& by : leaf.by) absl::StrAppend(&key, absl::StrJoin(by.alternatives, "|"), ",");
  absl::StrAppend(&key, ") count ", ComparisonName(op), " ", threshold, " in ",
                  leaf.window / kMillisecond, "ms");
  return key;
}

std::string LabelsKey(std::vector<std::pair<std::string, std::string>> labels) {
  std::sort(labels.begin(), labels.end());
  std::string key;
  for (const auto& [name, text] : labels) absl::StrAppend(&key, name, "=", Quote(text), ",");
  return key;
}

}  // namespace tallybell
