// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/rule_query.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/quoted_text.h"

namespace tallybell {
namespace {

std::string SelectorText(const Selector& selector) {
  static constexpr absl::string_view kOps[] = {"=", "!=", "=~", "!~"};
  const auto write = [](std::string* out, const Selector::Matcher& matcher) {
    absl::StrAppend(out, matcher.name, kOps[static_cast<int>(matcher.op)], Quote(matcher.value));
  };
  return absl::StrCat("{", absl::StrJoin(selector.matchers(), ", ", write), "}");
}

// A line filter knows literals or regexes; a list of both is written as regexes.
std::string FilterText(const std::vector<Pattern>& patterns, bool keep) {
  const bool literal = std::all_of(patterns.begin(), patterns.end(),
                                   [](const Pattern& pattern) { return pattern.is_literal(); });
  const auto write = [literal](std::string* out, const Pattern& pattern) {
    std::string text = pattern.text();
    if (!literal && pattern.is_literal()) text = absl::StrCat("\\Q", text, "\\E");
    absl::StrAppend(out, Quote(absl::StrCat(pattern.ignore_case() ? "(?i)" : "", text)));
  };
  return absl::StrCat(keep ? " |" : " !", literal ? "= " : "~ ",
                      absl::StrJoin(patterns, " or ", write));
}

std::string StageText(const Stage& stage) {
  if (const auto* any = std::get_if<Stage::AnyOf>(&stage.test)) {
    return FilterText(any->patterns, true);
  }
  if (const auto* none = std::get_if<Stage::NoneOf>(&stage.test)) {
    return FilterText(none->patterns, false);
  }
  return absl::StrCat(" | ", std::get<Where>(stage.test).ToString());
}

}  // namespace

std::string RuleQuery(const Rule& rule) {
  const Leaf& leaf = rule.leaf();
  std::string range = SelectorText(leaf.from);
  for (const Stage& stage : leaf.stages) range += StageText(stage);
  std::string by = absl::StrJoin(leaf.by, ", ", [](std::string* out, const GroupBy& group) {
    absl::StrAppend(out, group.name);
  });
  return absl::StrCat("sum", by.empty() ? "" : absl::StrCat(" by (", by, ")"), " (count_over_time(",
                      range, " [", FormatDuration(leaf.window), "])) ", ComparisonName(rule.op()),
                      " ", rule.threshold());
}

}  // namespace tallybell
