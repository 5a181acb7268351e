// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/line_search.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/run/source_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"
#include "tests/engine/run/random_logs.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One line that may count, and what is known of it.
std::string Describe(const FoundLines& found, size_t index, absl::string_view bytes) {
  const CandidateLines::Line& line = found.lines.lines()[index];
  std::string text(bytes.substr(line.begin, line.end - line.begin));
  if (found.matched.empty() || !found.matched[index].known) return text + ": unknown";
  const FoundLines::Matched& matched = found.matched[index];
  absl::StrAppend(&text, ": ", matched.format->name);
  if (matched.stamp.has_value()) {
    absl::StrAppend(&text, " ", matched.stamp->minute, ":", matched.stamp->second);
  }
  for (const RuleMatch& match : matched.matches) {
    absl::StrAppend(&text, " [", match.rule, match.clear ? " clears " : " ", match.group, " ",
                    match.evidence.view(), "]");
  }
  return text;
}

// Looks for the lines of stretches of a glog file.
class LineSearchTest : public ::testing::Test {
 protected:
  // `rules`, as they stand in the list of a group.
  explicit LineSearchTest(const std::string& rules =
                              "{alert: Vm, match: '/vm (?P<vm>[a-z]+)/', "
                              "by: [vm], when: count > 0 in 1m}") {
    UseRules(rules);
  }

  void UseRules(const std::string& rules) {
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText("r", absl::StrCat("groups: [{name: g, rules: [", rules, "]}]"),
                               &diagnostics);
    EXPECT_FALSE(diagnostics.HasErrors()) << diagnostics.ToString();
    matcher_ = std::make_unique<RuleMatcher>(&rules_, &redactor_, &metrics_);
    std::vector<uint32_t> all;
    for (uint32_t i = 0; i < rules_.rules.size(); ++i) all.push_back(i);
    candidates_ = std::make_unique<CandidateRules>(rules_, all, ScanEnvelope::kNone,
                                                   CandidateRules::Scan::kOn);
    format_.lines = FindLineFormat("glog");
    streams_.Set(Labels(), EnvelopeKind::kNone, *matcher_);
    search_ = std::make_unique<LineSearch>(candidates_.get(), matcher_.get(), &format_, &streams_);
    fresh_ = std::make_unique<LineSearch::Worker>(search_.get());
  }

  static std::vector<std::string> Find(LineSearch::Worker* worker, const std::string& bytes,
                                       bool* took_every_line) {
    FoundLines found;
    const ByteFacts facts = worker->Find(bytes, &found);
    EXPECT_EQ(facts.lines(), CountLines(bytes));
    EXPECT_EQ(facts.plain(), LookAtBytes(bytes).plain());
    std::vector<std::string> lines;
    for (size_t i = 0; i < found.lines.lines().size(); ++i) {
      lines.push_back(Describe(found, i, bytes));
    }
    *took_every_line = !lines.empty() && found.lines.lines()[0].every_pattern;
    return lines;
  }

  RuleSet rules_;
  Redactor redactor_;
  Metrics metrics_;
  std::unique_ptr<RuleMatcher> matcher_;
  std::unique_ptr<CandidateRules> candidates_;
  SourceFormat format_;
  SourceStreams streams_;
  std::unique_ptr<LineSearch> search_;
  std::unique_ptr<LineSearch::Worker> fresh_;
};

constexpr char kHeader[] = "E0501 12:32:30.426698     341 vm.go:1] ";

TEST_F(LineSearchTest, WhereMostLinesCountTheOthersAreFoundToMayCountOrNot) {
  const std::string counts = absl::StrCat(kHeader, "vm a\n");
  std::string most;
  for (int i = 0; i < 10; ++i) most += counts;
  bool took_every_line;
  EXPECT_EQ(Find(fresh_.get(), most, &took_every_line).size(), 10u);
  EXPECT_FALSE(took_every_line);
  // A line without the literal, one that has it but does not match, one that is no record of its
  // own, an empty one, and one in colour.
  const std::string hard = absl::StrCat(counts, kHeader, "up\n", kHeader, "vm 1\n", "\tat vm b\n",
                                        "\n", kHeader, "v\x1B[1mm\x1B[0m c\n", kHeader, "vm d");
  EXPECT_THAT(Find(fresh_.get(), hard, &took_every_line),
              ElementsAre(absl::StrCat(kHeader, "vm a: glog 32:30 [0 a\xff ", kHeader, "vm a]"),
                          absl::StrCat(kHeader, "vm 1: glog 32:30"), "\tat vm b: unknown",
                          absl::StrCat(kHeader, "v\x1B[1mm\x1B[0m c: glog 32:30 [0 c\xff ", kHeader,
                                       "vm c]"),
                          absl::StrCat(kHeader, "vm d: glog 32:30 [0 d\xff ", kHeader, "vm d]")));
  EXPECT_TRUE(took_every_line);
  // Few of those did.
  EXPECT_EQ(Find(fresh_.get(), most, &took_every_line).size(), 10u);
  EXPECT_FALSE(took_every_line);
  EXPECT_THAT(Find(fresh_.get(), "", &took_every_line), IsEmpty());
}

TEST_F(LineSearchTest, WhereEveryLineCountsForOneOfManyRulesTheyAreLookedFor) {
  UseRules(
      "{alert: A, match: vm, when: count > 0 in 1m}, {alert: B, match: node, when: count > 0 in "
      "1m}");
  std::string most;
  for (int i = 0; i < 10; ++i) absl::StrAppend(&most, kHeader, "vm\n");
  bool took_every_line;
  EXPECT_EQ(Find(fresh_.get(), most, &took_every_line).size(), 10u);
  EXPECT_EQ(Find(fresh_.get(), most, &took_every_line).size(), 10u);
  EXPECT_FALSE(took_every_line);
}

TEST_F(LineSearchTest, WhatMayCostMuchIsMatchedOnlyWithLinesThatHaveItsLiterals) {
  UseRules("{alert: A, match: '/(?i)vm [a-z]/', when: count > 0 in 1m}");
  std::string most;
  for (int i = 0; i < 10; ++i) absl::StrAppend(&most, kHeader, "vm a\n");
  bool took_every_line;
  EXPECT_EQ(Find(fresh_.get(), most, &took_every_line).size(), 10u);
  EXPECT_EQ(Find(fresh_.get(), most, &took_every_line).size(), 10u);
  EXPECT_FALSE(took_every_line);
}

TEST_F(LineSearchTest, WhereLinesBeginToBeOthersTheyAreLookedForAgain) {
  std::string most;
  for (int i = 0; i < 100; ++i) absl::StrAppend(&most, kHeader, "vm a\n");
  std::string few = most;
  for (int i = 0; i < 100; ++i) absl::StrAppend(&few, kHeader, "up\n");
  bool took_every_line;
  Find(fresh_.get(), most, &took_every_line);
  Find(fresh_.get(), most, &took_every_line);
  EXPECT_TRUE(took_every_line);
  EXPECT_EQ(Find(fresh_.get(), few, &took_every_line).size(), 100u);
  EXPECT_FALSE(took_every_line);
}

TEST_F(LineSearchTest, OfVeryShortLinesNothingIsKept) {
  UseRules("{alert: A, where: severity >= error, when: count > 0 in 1m}");
  const std::string bytes(1000, '\n');
  FoundLines found;
  fresh_->Find(bytes, &found);
  EXPECT_EQ(found.lines.lines().size(), 1000u);
  EXPECT_THAT(found.matched, IsEmpty());
}

// Whatever came before, what is found in a stretch is the same.
TEST_F(LineSearchTest, WhatIsFoundDoesNotDependOnTheStretchBefore) {
  const std::vector<std::string> rules = {
      "{alert: A, match: '/vm (?P<vm>[a-z]+)/', by: [vm], when: count > 0 in 1m}",
      "{alert: B, match: 'vm ', when: count > 0 in 1m}",
      "{alert: C, match: '/(?i)VM [a-c]/', when: count > 0 in 1m}",
      "{alert: D, where: severity >= error, when: count > 0 in 1m}",
      "{alert: E, match: 'vm', clear: '/vm b/', by: [file], when: count > 0 in 1m}",
  };
  const std::vector<std::string> texts = {
      "vm a",     "vm b",        "vm c x",   "vm 1", "VM a", "up", "", "v\x1B[1mm\x1B[0m a",
      "\xffvm b", "vm \xc3\xa9", "\tat vm b"};
  Dice dice(20261122);
  int took = 0;
  int missed = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> chosen;
    for (const std::string& rule : rules) {
      if (dice.OneIn(3)) chosen.push_back(rule);
    }
    if (chosen.empty()) continue;
    UseRules(absl::StrJoin(chosen, ", "));
    LineSearch::Worker experienced(search_.get());
    bool took_every_line;
    std::string most;
    for (int i = 0; i < 4; ++i) absl::StrAppend(&most, kHeader, "vm a vm b\n");
    Find(&experienced, most, &took_every_line);
    std::string bytes;
    for (int lines = dice.OneIn(20) ? 300 : dice.Pick(1, 12); lines > 0; --lines) {
      absl::StrAppend(&bytes, dice.OneIn(6) ? "" : kHeader, dice.Of(texts),
                      lines == 1 && dice.OneIn(2) ? ""
                      : dice.OneIn(5)             ? "\r\n"
                                                  : "\n");
    }
    const std::vector<std::string> expected = Find(fresh_.get(), bytes, &took_every_line);
    EXPECT_EQ(Find(&experienced, bytes, &took_every_line), expected) << bytes;
    took += took_every_line ? 1 : 0;
    if (took_every_line && expected.size() < static_cast<size_t>(LookAtBytes(bytes).lines()))
      ++missed;
  }
  EXPECT_GT(took, 500);
  EXPECT_GT(missed, 100);
}

}  // namespace
}  // namespace tallybell
