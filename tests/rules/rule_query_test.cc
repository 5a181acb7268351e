// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/rule_query.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

std::string QueryOf(const std::string& keys) {
  Diagnostics diagnostics;
  const RuleSet rules = LoadRulesFromText(
      "rules.yaml", absl::StrCat("groups: [{name: g, rules: [{alert: A, ", keys, "}]}]"),
      &diagnostics);
  EXPECT_EQ(diagnostics.ToString(), "");
  return RuleQuery(rules.rules.at(0));
}

TEST(RuleQueryTest, IsWhatLokiWouldBeAsked) {
  EXPECT_EQ(
      QueryOf(R"(from: '{job="anka", host=~"m.*"}', match: "can't start vm",)"
              R"( when: count > 3 in 20m, by: [host])"),
      R"(sum by (host) (count_over_time({job="anka", host=~"m.*"} |= "can't start vm" [20m])))"
      " > 3");
}

TEST(RuleQueryTest, ListsAndExclusionsAndConditionsAreFilters) {
  EXPECT_EQ(QueryOf(R"(match: [a, 'b"'], exclude: '/c\d/i', where: 'severity >= error',)"
                    R"( when: count == 0 in 90s)"),
            R"(sum (count_over_time({} |= "a" or "b\"" !~ "(?i)c\\d" | severity >= "error" )"
            R"([1m30s])) == 0)");
}

TEST(RuleQueryTest, AListOfBothKindsIsWrittenAsRegexes) {
  EXPECT_EQ(QueryOf(R"(match: [a.b, /c+/], when: count > 1 in 1m)"),
            R"(sum (count_over_time({} |~ "\\Qa.b\\E" or "c+" [1m])) > 1)");
}

}  // namespace
}  // namespace tallybell
