// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/rule.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

Rule Load(absl::string_view body) {
  Diagnostics diagnostics;
  RuleSet set = LoadRulesFromText(
      "f", absl::StrCat("groups: [{name: g, rules: [{alert: A, ", body, "}]}]"), &diagnostics);
  EXPECT_EQ(diagnostics.ToString(), "") << body;
  return set.rules.empty() ? Rule() : std::move(set.rules[0]);
}

constexpr absl::string_view kWatch =
    "from: '{a=\"b\",c=~\"d\"}', match: [x, '/y/'], exclude: z, clear: q, where: a == b, "
    "by: [host|job], when: count > 3 in 20m";

TEST(RuleTest, HasOneWatchKeyForAllSpellingsOfOneMeaning) {
  const std::string key = Load(kWatch).watch_key;
  for (const absl::string_view body : {
           "from: '{ c=~`d`, a=\"b\", }', match: ['/y/', {literal: x}], exclude: [z], "
           "clear: {literal: q}, where: (a == \"b\"), by: host|job, when: count>3 in 1200s",
           "from: '{a=\"b\",c=~\"d\"}', match: [x, x, {regex: y}], exclude: z, clear: q, "
           "where: a == b, by: [host|job], when: 'count  > 3  in 20m', for: 5m, evidence: 1, "
           "keep_firing_for: 1m, labels: {x: y}, annotations: {z: w}",
       }) {
    EXPECT_EQ(Load(body).watch_key, key) << body;
  }
}

TEST(RuleTest, HasAnotherWatchKeyForEveryOtherMeaning) {
  const std::string key = Load(kWatch).watch_key;
  for (const absl::string_view body : {
           "from: '{a=\"b\",c=\"d\"}', match: [x, '/y/'], exclude: z, clear: q, where: a == b, "
           "by: [host|job], when: count > 3 in 20m",
           "from: '{a=\"b\",c=~\"d\"}', match: [x, '/y/i'], exclude: z, clear: q, where: a == b, "
           "by: [host|job], when: count > 3 in 20m",
           "from: '{a=\"b\",c=~\"d\"}', match: [x, y], exclude: z, clear: q, where: a == b, "
           "by: [host|job], when: count > 3 in 20m",
           "from: '{a=\"b\",c=~\"d\"}', match: [x, '/y/'], clear: [q, z], where: a == b, "
           "by: [host|job], when: count > 3 in 20m",
           "from: '{a=\"b\",c=~\"d\"}', match: [x, '/y/'], exclude: z, clear: q, where: a != b, "
           "by: [host|job], when: count > 3 in 20m",
           "from: '{a=\"b\",c=~\"d\"}', match: [x, '/y/'], exclude: z, clear: q, where: a == b, "
           "by: [host, job], when: count > 3 in 20m",
           "from: '{a=\"b\",c=~\"d\"}', match: [x, '/y/'], exclude: z, clear: q, where: a == b, "
           "by: [host|job], when: count >= 3 in 20m",
           "from: '{a=\"b\",c=~\"d\"}', match: [x, '/y/'], exclude: z, clear: q, where: a == b, "
           "by: [host|job], when: count > 4 in 20m",
           "from: '{a=\"b\",c=~\"d\"}', match: [x, '/y/'], exclude: z, clear: q, where: a == b, "
           "by: [host|job], when: count > 3 in 21m",
           "from: '{a=\"b\",c=~\"d\"}', match: ['x\",literal \"y'], exclude: z, clear: q, "
           "where: a == b, by: [host|job], when: count > 3 in 20m",
       }) {
    EXPECT_NE(Load(body).watch_key, key) << body;
  }
}

TEST(RuleTest, HasALabelsKeyOfItsLabelsInAnyOrder) {
  const auto key = [](absl::string_view labels) {
    return Load(absl::StrCat("when: count > 1 in 5m, labels: ", labels)).labels_key;
  };
  EXPECT_EQ(key("{a: 1, b: '2'}"), key("{b: 2, a: \"1\"}"));
  EXPECT_NE(key("{a: 1}"), key("{a: 2}"));
  EXPECT_NE(key("{a: '1\",b=\"2'}"), key("{a: 1, b: 2}"));
}

struct Condition {
  absl::string_view when;
  bool watches_absence;
};

TEST(RuleTest, WatchesAbsenceWhereZeroSatisfiesItsCondition) {
  const Condition kCases[] = {
      {"count == 0 in 1h", true},  {"count < 1 in 1h", true},   {"count <= 0 in 1h", true},
      {"count != 1 in 1h", true},  {"count != 0 in 1h", false}, {"count > 0 in 1h", false},
      {"count >= 1 in 1h", false}, {"count == 1 in 1h", false}, {"count<=100000 in 1h", true},
  };
  for (const Condition& c : kCases) {
    EXPECT_EQ(Load(absl::StrCat("when: ", c.when)).WatchesAbsence(), c.watches_absence) << c.when;
  }
}

TEST(ComparisonTest, AgreesWithTheNamesOfItsOperators) {
  for (int64_t a = -1; a <= 1; ++a) {
    for (int64_t b = -1; b <= 1; ++b) {
      EXPECT_EQ(Compare(a, Comparison::kEqual, b), a == b);
      EXPECT_EQ(Compare(a, Comparison::kNotEqual, b), a != b);
      EXPECT_EQ(Compare(a, Comparison::kLess, b), a < b);
      EXPECT_EQ(Compare(a, Comparison::kLessOrEqual, b), a <= b);
      EXPECT_EQ(Compare(a, Comparison::kGreater, b), a > b);
      EXPECT_EQ(Compare(a, Comparison::kGreaterOrEqual, b), a >= b);
    }
  }
  EXPECT_EQ(ComparisonName(Comparison::kGreaterOrEqual), ">=");
}

}  // namespace
}  // namespace tallybell
