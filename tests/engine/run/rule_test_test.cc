// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/rule_test.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;

constexpr char kRules[] =
    "rules:\n"
    "  - name: g\n"
    "    rules: [{alert: A, match: boom, when: count > 1 in 10m}]\n"
    "tests:\n";

std::string FaultsOf(const std::string& text) {
  Diagnostics diagnostics;
  LoadRuleTests("t.yaml", text, &diagnostics);
  return diagnostics.ToString();
}

RuleTestResult RunOne(const std::string& test) {
  Diagnostics diagnostics;
  const std::vector<RuleTest> tests =
      LoadRuleTests("t.yaml", absl::StrCat(kRules, test), &diagnostics);
  EXPECT_EQ(diagnostics.ToString(), "");
  return tests.empty() ? RuleTestResult{} : RunRuleTest(tests[0]);
}

TEST(RuleTestTest, ShowsWhatWasExpectedBesideWhatCame) {
  const RuleTestResult result = RunOne(
      "  - name: x\n"
      "    streams: [{lines: [0m: boom, 1m: boom, 1h: end]}]\n"
      "    expect: [{at: 1m, value: 2}, {at: 9m, state: resolved}]\n");
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.report,
            "  expected      | actual\n"
            "  1m A firing 2 | 1m A firing 2\n"
            "! 9m A resolved | \n"
            "!               | 10m A resolved 1 2 lines\n");
}

TEST(RuleTestTest, SaysWhatFiredThatNeverShould) {
  const RuleTestResult result = RunOne(
      "  - name: x\n"
      "    streams: [{lines: [0m: boom, 1m: boom]}]\n"
      "    never: [A]\n");
  EXPECT_FALSE(result.passed);
  EXPECT_THAT(result.report, HasSubstr("fired, and never should: 1m A firing 2"));
}

TEST(RuleTestTest, ATransitionThatIsNotExpectedFails) {
  EXPECT_FALSE(RunOne("  - name: x\n"
                      "    streams: [{lines: [0m: boom, 1m: boom]}]\n"
                      "    expect: []\n")
                   .passed);
}

TEST(RuleTestTest, AFaultOfARuleIsWhereTheTestFileHasIt) {
  EXPECT_THAT(FaultsOf("rules:\n"
                       "  - name: g\n"
                       "    rules:\n"
                       "      - alert: A\n"
                       "        match: boom\n"
                       "        wehn: count > 1 in 10m\n"
                       "tests: []\n"),
              HasSubstr("t.yaml:6:9: error: "));
  EXPECT_THAT(FaultsOf("tests:\n"
                       "  - rules:\n"
                       "      - name: g\n"
                       "        rules:\n"
                       "          - {alert: A, mtach: boom, when: count > 1 in 10m}\n"
                       "    name: x\n"
                       "    expect: []\n"),
              HasSubstr("t.yaml:5:24: error: "));
}

TEST(RuleTestTest, EveryFaultOfATestIsReported) {
  const std::string faults = FaultsOf(absl::StrCat(kRules,
                                                   "  - name: x\n"
                                                   "    streams:\n"
                                                   "      - lines:\n"
                                                   "          - soon: boom\n"
                                                   "          - 1m, twice: boom\n"
                                                   "    expect:\n"
                                                   "      - {at: 1m, alert: B}\n"
                                                   "      - {at: 1m, state: burning}\n"
                                                   "    nver: [A]\n"));
  EXPECT_THAT(faults, HasSubstr("t.yaml:8:13: error: "));
  EXPECT_THAT(faults, HasSubstr("t.yaml:9:13: error: "));
  EXPECT_THAT(faults, HasSubstr("t.yaml:11:9: error: "));
  EXPECT_THAT(faults, HasSubstr("a state is pending, firing, resolved or inactive"));
  EXPECT_THAT(faults, HasSubstr("never"));
}

TEST(RuleTestTest, HostileTextsDoNoHarm) {
  for (const char* text :
       {"", "rules:", "tests:", "tests: 3", "rules: 3\ntests: [x, {}]", "- a",
        "{rules: [], tests: []}", "rules: {a: b}\ntests: [{name: x, streams: 3, expect: 4}]",
        "? rules\n: [{name: g}]\ntests: [{name: [], expect: [3], never: {}}]"}) {
    FaultsOf(text);
  }
}

}  // namespace
}  // namespace tallybell
