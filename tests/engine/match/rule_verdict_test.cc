// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/match/rule_verdict.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/metrics.h"
#include "engine/match/group_key.h"
#include "engine/match/redactor.h"
#include "engine/match/rule_matcher.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

RuleSet Load(const std::string& rules) {
  Diagnostics diagnostics;
  RuleSet set = LoadRulesFromText("rules.yaml", "groups: [{name: g, rules: [\n" + rules + "]}]",
                                  &diagnostics);
  EXPECT_EQ(diagnostics.ToString(), "");
  return set;
}

class RuleVerdictTest : public testing::Test {
 protected:
  RuleVerdict Judge(const std::string& rule, const std::string& text) {
    rules_ = Load(rule);
    record_.text = text_ = text;
    record_.stream = &stream_;
    return JudgeRecord(rules_.rules[0], record_);
  }

  RuleSet rules_;
  Labels stream_;
  std::string text_;
  Record record_;
};

TEST_F(RuleVerdictTest, NamesTheMatcherThatTheStreamDoesNotMeet) {
  stream_.Set("job", "etcd");
  const RuleVerdict verdict = Judge(
      R"({alert: A, from: '{job=~"anka.*", host="m"}', match: x, when: count > 1 in 1m})", "x");
  EXPECT_EQ(verdict.kind, RuleVerdict::Kind::kPasses);
  EXPECT_EQ(verdict.reason, R"(from: not {job=~"anka.*"}: job is "etcd")");
}

TEST_F(RuleVerdictTest, NamesThePatternThatFoundSomethingAndTheGroup) {
  stream_.Set("host", "mac1");
  const RuleVerdict verdict =
      Judge(R"({alert: A, match: [no, '/vm (?P<vm>\w+)/'], when: count > 1 in 1m,)"
            R"( by: [host, vm, none]})",
            "start vm seven");
  EXPECT_EQ(verdict.kind, RuleVerdict::Kind::kCounts);
  EXPECT_EQ(verdict.reason, R"(match: /vm (?P<vm>\w+)/)");
  EXPECT_EQ(verdict.group, (std::vector<std::pair<std::string, std::string>>{
                               {"host", "mac1"}, {"vm", "seven"}, {"none", ""}}));
}

TEST_F(RuleVerdictTest, NamesWhatIsMissingWhatExcludesAndWhatClears) {
  const std::string rule =
      R"({alert: A, match: vm, exclude: dry, clear: /again/i, when: count > 1 in 1m})";
  EXPECT_EQ(Judge(rule, "nothing").reason, R"(match: no "vm")");
  EXPECT_EQ(Judge(rule, "vm dry").reason, R"(exclude: "dry")");
  const RuleVerdict verdict = Judge(rule, "vm AGAIN");
  EXPECT_EQ(verdict.kind, RuleVerdict::Kind::kClears);
  EXPECT_EQ(verdict.reason, "clear: /again/i");
}

TEST_F(RuleVerdictTest, ShowsTheValuesOfAConditionThatDoesNotHold) {
  record_.severity = Severity::kInfo;
  const RuleVerdict verdict = Judge(
      R"({alert: A, match: vm, where: 'severity >= warning and file != ""', when: count > 1 in 1m})",
      "vm");
  EXPECT_EQ(verdict.kind, RuleVerdict::Kind::kPasses);
  EXPECT_EQ(verdict.reason,
            "where: (severity >= \"warning\" and file != \"\") does not hold: file is not there, "
            "severity is \"info\"");
}

// RuleMatcher is what counts; the verdict must never tell another story.
TEST(RuleVerdictRandomTest, AgreesWithTheMatcher) {
  const RuleSet rules = Load(R"(
    {alert: A, match: a, when: count > 1 in 1m, by: [host, f]},
    {alert: B, from: '{host="x"}', match: ['/b(?P<n>\d)/', c], exclude: d, when: count > 1 in 1m, by: [n]},
    {alert: C, where: 'severity > info or f =~ "a.*"', clear: ['/e(?P<n>\d)/', a], when: count > 1 in 1m, by: [n, 'host|f']},
    {alert: D, match: '/(?P<f>b.)/', where: f == b1, clear: d, when: count > 1 in 1m, by: [f]})");
  const Redactor redactor;
  Metrics metrics;
  const RuleMatcher matcher(&rules, &redactor, &metrics);
  std::mt19937 random(20240501);
  const std::vector<std::string> words = {"a", "b1", "b2", "c", "d", "e1", "e2", " "};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (size_t n = random() % 5; n > 0; --n)
      absl::StrAppend(&text, words[random() % words.size()]);
    Labels stream;
    if (random() % 2 == 0) stream.Set("host", random() % 2 == 0 ? "x" : "y");
    Record record;
    record.text = text;
    record.stream = &stream;
    record.severity = random() % 2 == 0 ? Severity::kError : Severity::kInfo;
    Fields fields;
    if (random() % 2 == 0) fields.Add("f", random() % 2 == 0 ? "a1" : "b1");
    record.fields = &fields;
    for (uint32_t i = 0; i < rules.rules.size(); ++i) {
      RuleMatches matches;
      if (rules.rules[i].leaf().from.Matches(stream)) matcher.Match(record, {i}, &matches);
      const RuleVerdict verdict = JudgeRecord(rules.rules[i], record);
      ASSERT_EQ(matches.empty(), verdict.kind == RuleVerdict::Kind::kPasses) << text;
      if (matches.empty()) continue;
      EXPECT_EQ(matches[0].clear, verdict.kind == RuleVerdict::Kind::kClears) << text;
      std::vector<std::string> values;
      for (const auto& [name, value] : verdict.group) values.push_back(value);
      EXPECT_EQ(GroupKeyValues(matches[0].group), values) << text << " " << rules.rules[i].alert;
    }
  }
}

}  // namespace
}  // namespace tallybell
