// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/rule_test.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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

TEST(RuleTestTest, LinesThatStateTheirTimesAreReadByThem) {
  const RuleTestResult result = RunOne(
      "  - name: x\n"
      "    streams:\n"
      "      - labels: {job: a}\n"
      "        timezone: America/New_York\n"
      "        year: 2023\n"
      "        lines: |\n"
      "          E0501 08:00:00.000000       1 a.go:1] boom\n"
      "          E0501 08:00:01.500000       1 a.go:1] boom\n"
      "      - labels: {job: b}\n"
      "        lines: ['E0102 00:00:00.000000       1 a.go:1] boom', boom]\n"
      "    expect:\n"
      "      - {at: '2023-05-01T12:00:01.5Z', value: 2}\n"
      "      - {at: '2023-05-01T12:10:00Z', state: resolved}\n"
      "      - {at: 1d, value: 2}\n");
  EXPECT_TRUE(result.passed) << result.report;
}

TEST(RuleTestTest, AnEnvelopeIsTakenOffAndGivesTheLabelStream) {
  const RuleTestResult result = RunOne(
      "  - name: x\n"
      "    rules:\n"
      "      - name: g\n"
      "        rules:\n"
      "          - {alert: A, from: '{stream=\"stderr\"}', match: boom, when: count > 0 in 1h}\n"
      "    streams:\n"
      "      - lines: |\n"
      "          {\"log\":\"boom\\n\",\"stream\":\"stdout\",\"time\":\"2024-01-01T00:00:01Z\"}\n"
      "          {\"log\":\"bo\",\"stream\":\"stderr\",\"time\":\"2024-01-01T00:00:02Z\"}\n"
      "          {\"log\":\"om\\n\",\"stream\":\"stderr\",\"time\":\"2024-01-01T00:00:03Z\"}\n"
      "    expect: [{at: 2s, value: 1, lines: [boom]}]\n");
  EXPECT_TRUE(result.passed) << result.report;
}

TEST(RuleTestTest, RefusesAStreamThatIsHalfWithTimesAndAClockForNothing) {
  const std::string faults =
      FaultsOf(absl::StrCat(kRules,
                            "  - name: x\n"
                            "    streams:\n"
                            "      - {lines: [0m: boom, boom]}\n"
                            "      - {lines: [0m: boom], year: 2024, timezone: Mars/Crater}\n"
                            "      - {lines: [boom], file: none.log}\n"
                            "      - {lines: [[boom]]}\n"
                            "    never: [A]\n"));
  EXPECT_THAT(faults, HasSubstr("t.yaml:7:28: error: "));
  EXPECT_THAT(faults, HasSubstr("all lines have a time in front or none has"));
  EXPECT_THAT(faults, HasSubstr("year is for lines that state their own times"));
  EXPECT_THAT(faults, HasSubstr("there is no time zone \"Mars/Crater\""));
  EXPECT_THAT(faults, HasSubstr("none.log: "));
  EXPECT_THAT(faults, HasSubstr("a stream has lines or a file, not both"));
  EXPECT_THAT(faults, HasSubstr("this is no line"));
}

// One log, as YAML: with its times in front, and with the times that its lines state.
struct TwoForms {
  std::string timed;
  std::string stated;
};

TwoForms RandomLog(std::mt19937* random) {
  TwoForms forms{"        lines:\n", "        lines: |\n"};
  int seconds = 0;
  for (int i = 0; i < 40; ++i) {
    seconds += static_cast<int>((*random)() % 400);
    const char* const text = (*random)() % 3 == 0 ? "all is well" : "boom";
    const std::string line = absl::StrFormat("E0101 %02d:%02d:%02d.000000       1 a.go:1] %s",
                                             seconds / 3600, seconds / 60 % 60, seconds % 60, text);
    absl::StrAppendFormat(&forms.timed, "          - %ds: '%s'\n", seconds, line);
    absl::StrAppendFormat(&forms.stated, "          %s\n", line);
    if ((*random)() % 4 != 0) continue;
    // A line of a stack trace has the time of the line before it.
    absl::StrAppendFormat(&forms.timed, "          - %ds: boom again\n", seconds);
    absl::StrAppendFormat(&forms.stated, "          boom again\n");
  }
  return forms;
}

TEST(RuleTestTest, StatedTimesGiveWhatTheSameTimesInFrontGive) {
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    const TwoForms one = RandomLog(&random);
    const TwoForms two = RandomLog(&random);
    const auto report = [&](const std::string& a, const std::string& b) {
      return RunOne(absl::StrCat("  - name: x\n    lateness: 7d\n    streams:\n",
                                 "      - labels: {job: a}\n", a, "      - labels: {job: b}\n", b,
                                 "    expect: [{at: 1s, alert: A}]\n"))
          .report;
    };
    EXPECT_EQ(report(one.timed, two.timed), report(one.stated, two.stated)) << "seed " << seed;
    EXPECT_EQ(report(one.timed, two.timed), report(one.stated, two.timed)) << "seed " << seed;
  }
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
