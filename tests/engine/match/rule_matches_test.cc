// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/match/rule_matches.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

RuleMatch Match(uint32_t rule, const std::string& text) {
  return {rule, false, 0, absl::StrCat("group of ", text), LentText(text)};
}

std::string Written(const RuleMatches& matches) {
  std::string written;
  for (const RuleMatch& match : matches) {
    absl::StrAppend(&written, match.rule, " ", match.group, " ", match.evidence.view(), "\n");
  }
  return written;
}

TEST(LentTextTest, IsTheLendersUntilItIsKept) {
  std::string line = "E one";
  LentText lent = LentText::Lend(line);
  EXPECT_EQ(lent.view().data(), line.data());
  LentText moved = std::move(lent);
  EXPECT_EQ(moved.view().data(), line.data());
  EXPECT_EQ(lent, "");  // NOLINT: what was moved from is empty
  moved.Keep();
  line = "other";
  EXPECT_EQ(moved, "E one");
}

TEST(LentTextTest, ACopyIsItsOwn) {
  std::string line = "E one";
  const LentText lent = LentText::Lend(line);
  const LentText copy = lent;
  LentText assigned("something else");
  assigned = lent;
  line = "other";
  EXPECT_EQ(copy, "E one");
  EXPECT_EQ(assigned, "E one");
}

TEST(LentTextTest, NothingIsKeptOfNothing) {
  LentText none;
  none.Keep();
  EXPECT_EQ(none.size(), 0u);
  EXPECT_EQ(LentText(""), "");
}

// A vector is what it must be like.
TEST(RuleMatchesTest, HoldsWhatAVectorWouldHold) {
  for (uint32_t count = 0; count < 5; ++count) {
    std::vector<RuleMatch> expected;
    RuleMatches matches;
    for (uint32_t rule = 0; rule < count; ++rule) {
      const std::string text = absl::StrCat("line ", rule, " that is no short one");
      expected.push_back(Match(rule, text));
      if (rule % 2 == 0) {
        matches.push_back(Match(rule, text));
      } else {
        matches.emplace_back() = Match(rule, text);
      }
    }
    RuleMatches moved = std::move(matches);
    EXPECT_TRUE(matches.empty());  // NOLINT: it can be used again
    matches.push_back(Match(7, "again"));
    EXPECT_EQ(matches.size(), 1u);
    matches = std::move(moved);
    ASSERT_EQ(matches.size(), expected.size());
    EXPECT_EQ(matches.empty(), expected.empty());
    std::string written;
    for (const RuleMatch& match : expected) {
      absl::StrAppend(&written, match.rule, " ", match.group, " ", match.evidence.view(), "\n");
    }
    EXPECT_EQ(Written(matches), written);
  }
}

TEST(RuleMatchesTest, ANewMatchHasNothingOfAFormerOne) {
  RuleMatches matches;
  matches.push_back({3, true, 2, "group", LentText("line")});
  RuleMatches other = std::move(matches);
  const RuleMatch& fresh = matches.emplace_back();  // NOLINT: it can be used again
  EXPECT_EQ(fresh.rule, 0u);
  EXPECT_FALSE(fresh.clear);
  EXPECT_EQ(fresh.missing, 0);
  EXPECT_EQ(fresh.group, "");
  EXPECT_EQ(fresh.evidence, "");
}

TEST(RuleMatchesTest, TakesOutThoseThatAreGone) {
  const auto odd = [](const RuleMatch& match) { return match.rule % 2 == 1; };
  for (uint32_t count = 0; count < 4; ++count) {
    for (uint32_t first = 0; first < 2; ++first) {
      RuleMatches matches;
      uint32_t left = 0;
      for (uint32_t rule = first; rule < first + count; ++rule) {
        matches.push_back(Match(rule, "line"));
        left += rule % 2 == 0 ? 1 : 0;
      }
      matches.RemoveIf(odd);
      EXPECT_EQ(matches.size(), left);
      EXPECT_EQ(matches.empty(), left == 0);
      for (const RuleMatch& match : matches) EXPECT_EQ(match.rule % 2, 0u);
    }
  }
}

}  // namespace
}  // namespace tallybell
