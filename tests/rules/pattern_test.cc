// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/pattern.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "re2/re2.h"
#include "rules/pattern_list.h"
#include "rules/regex.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Pattern MustParse(absl::string_view text) {
  absl::StatusOr<Pattern> pattern = ParsePattern(text);
  EXPECT_TRUE(pattern.ok()) << text << ": " << pattern.status();
  return pattern.ok() ? *std::move(pattern) : Pattern::Literal("");
}

TEST(PatternTest, FindsALiteralWhereItStands) {
  const Pattern pattern = Pattern::Literal("can't start vm");
  absl::string_view match;
  const std::string line = "E0501 x.go:1] can't start vm: no disk";
  ASSERT_TRUE(pattern.Find(line, &match));
  EXPECT_EQ(match, "can't start vm");
  EXPECT_EQ(match.data() - line.data(), 14);
  EXPECT_TRUE(pattern.Find(line, nullptr));
  EXPECT_FALSE(pattern.Find("can't start VM", &match));
}

TEST(PatternTest, SearchesARegexAnywhereInTheLine) {
  const Pattern pattern = MustParse("/vm [0-9]+ (failed|died)/");
  absl::string_view match;
  ASSERT_TRUE(pattern.Find("E] vm 42 died now", &match));
  EXPECT_EQ(match, "vm 42 died");
  EXPECT_FALSE(pattern.Find("E] vm x died now", &match));
  EXPECT_FALSE(pattern.Find("E] VM 42 died now", &match));
}

TEST(PatternTest, IgnoresCaseWithTheFlagI) {
  const Pattern pattern = MustParse("/vm died/i");
  EXPECT_TRUE(pattern.ignore_case());
  EXPECT_EQ(pattern.text(), "vm died");
  EXPECT_TRUE(pattern.Find("VM DIED", nullptr));
}

TEST(PatternTest, GivesNamedGroupsInTheirOrderAndLeavesOutThoseThatTookNoPart) {
  const Pattern pattern = MustParse("/(?P<z>a+)(b)?(?P<m>c)?(?P<e>)/");
  absl::string_view match;
  Captures captures;
  ASSERT_TRUE(pattern.FindCaptures("xaab", &match, &captures));
  EXPECT_EQ(match, "aab");
  EXPECT_THAT(captures, ElementsAre(Pair("z", "aa"), Pair("e", "")));
  EXPECT_THAT(pattern.capture_names(), ElementsAre("z", "m", "e"));
  EXPECT_FALSE(pattern.FindCaptures("b", &match, &captures));
  EXPECT_TRUE(captures.empty());
}

TEST(PatternTest, GivesNamedGroupsOfAPlainRegexWhereOthersHaveNoName) {
  const Pattern pattern = MustParse("/on (mac)(?P<number>[0-9]+)(?:[.])(?P<rest>(.)[^ ]*)/");
  const std::string line = "vm on mac on mac12.example.org is up";
  absl::string_view match;
  Captures captures;
  ASSERT_TRUE(pattern.FindCaptures(line, &match, &captures));
  EXPECT_EQ(match, "on mac12.example.org");
  EXPECT_EQ(match.data() - line.data(), 10);
  EXPECT_THAT(captures, ElementsAre(Pair("number", "12"), Pair("rest", "example.org")));
  EXPECT_FALSE(pattern.FindCaptures("vm on mac on mac12", &match, &captures));
  EXPECT_TRUE(captures.empty());
  EXPECT_FALSE(pattern.FindCaptures(absl::string_view(), &match, &captures));
}

TEST(PatternTest, MatchesWholeCharactersNotBytes) {
  EXPECT_TRUE(
      MustParse("/^a.b$/").Find("a\xC3\xA9"
                                "b",
                                nullptr));
  EXPECT_TRUE(MustParse("/fo.bar/")
                  .Find("fo\xEF\xBF\xBD"
                        "bar",
                        nullptr));
}

struct WrittenPattern {
  absl::string_view written;
  bool literal;
  absl::string_view text;
};

TEST(PatternTest, ReadsWhatIsBetweenSlashesAsARegexAndAllElseAsALiteral) {
  const WrittenPattern kCases[] = {
      {"plain", true, "plain"},
      {"/regex/", false, "regex"},
      {"/a\\/b/", false, "a\\/b"},
      {"/", true, "/"},
      {"/tmp", true, "/tmp"},
      {"/var/log", true, "/var/log"},
      {"/var/log/anka.log", true, "/var/log/anka.log"},
      {"a/b/", true, "a/b/"},
      {"/usr/i", false, "usr"},
      {"/.*/", false, ".*"},
      {"/\\/", true, "/\\/"},
  };
  for (const WrittenPattern& c : kCases) {
    const Pattern pattern = MustParse(c.written);
    EXPECT_EQ(pattern.is_literal(), c.literal) << c.written;
    EXPECT_EQ(pattern.text(), c.text) << c.written;
  }
}

struct BadPattern {
  std::string written;
  size_t offset;
  absl::string_view message;
};

TEST(PatternTest, RefusesWhatCannotMeanWhatItLooksLike) {
  const BadPattern kCases[] = {
      {"", 0, "an empty pattern is in every line"},
      {"//", 1, "an empty regex"},
      {"text\n", 0, "no line ends in a newline"},
      {"/var/log/", 4, "a slash inside"},
      {"/a/b/i", 2, "a slash inside"},
      {"/error/g", 7, "\"g\" is not a flag"},
      {"/a(b/", 1, "missing )"},
      {"/a{1001}/", 2, "repetition"},
      {"/(a)\\1/", 4, "escape"},
      {"/x(?=y)/", 2, "perl operator"},
      {"/a\\Cb/", 2, "half a character"},
      {"/\\Q\\C\\E\\C/", 7, "half a character"},
      {std::string("/a\xff/"), 2, "UTF-8"},
      {"/" + std::string(5000, '(') + "/", 0, ""},
      {"/" + std::string(100'000, 'a') + "/", 1, "longer than 64 KiB"},
  };
  for (const BadPattern& c : kCases) {
    const absl::StatusOr<Pattern> pattern = ParsePattern(c.written);
    ASSERT_FALSE(pattern.ok()) << c.written.substr(0, 40);
    EXPECT_THAT(std::string(pattern.status().message()), HasSubstr(std::string(c.message)));
    if (!c.message.empty()) {
      EXPECT_EQ(TextFaultOffset(pattern.status()), c.offset) << c.written.substr(0, 40);
    }
  }
}

TEST(RegexBudgetTest, RefusesWhatWouldCostSecondsALine) {
  for (const absl::string_view regex :
       {"(a{0,100}){10}b", ".*a.{200}b", "(\\pL|\\d){20}x", "(?i)(((a{1,10}){1,10}){1,10})c"}) {
    const absl::StatusOr<Pattern> pattern = Pattern::Regex(std::string(regex), false);
    ASSERT_FALSE(pattern.ok()) << regex;
    EXPECT_THAT(std::string(pattern.status().message()), HasSubstr("too costly")) << regex;
  }
}

TEST(RegexBudgetTest, PassesWhatPeopleWrite) {
  std::string words = "error0";
  for (int i = 1; i < 200; ++i) words += "|error" + std::to_string(i * 37);
  for (const std::string& regex :
       {std::string(".*"), std::string("(a+)+$"), std::string("(x+x+)+y"), std::string("(.*)*b"),
        std::string("(\\d+\\.){3}\\d+ .*port \\d+"),
        std::string("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        std::string("(?i)(error|fatal|panic).*(disk|memory|network).*(full|exceeded|timeout)"),
        std::string("\\w+: .{0,80} failed"), words}) {
    EXPECT_TRUE(Pattern::Regex(regex, true).ok()) << regex;
  }
}

// CPU time of one search of the longest line there is; the least of three.
int64_t SearchNs(const Pattern& pattern, const std::string& line) {
  int64_t least = INT64_MAX;
  for (int i = 0; i < 3; ++i) {
    const std::clock_t begin = std::clock();
    pattern.Find(line, nullptr);
    least = std::min<int64_t>(least, (std::clock() - begin) * (1'000'000'000 / CLOCKS_PER_SEC));
  }
  return std::max<int64_t>(least, 1);
}

// A plain regex looks at each byte once; what backtracks elsewhere is refused or does little more.
TEST(RegexBudgetTest, WhatPassesIsNotMuchSlowerThanAPlainOneOnALineMadeForIt) {
  std::string words = "(?i)error0";
  for (int i = 1; i < 300; ++i) words += "|error" + std::to_string(i * 37);
  const std::string line(kMaxLineBytes, 'a');
  const int64_t plain = SearchNs(*Pattern::Regex("[b-y][c-z]", false), line);
  for (const std::string& regex :
       {std::string("(a+)+$"), std::string("(x+x+)+y"), std::string("(.*)*b"),
        std::string("(a{0,100}){10}b"), std::string(".*a.{200}b"), words}) {
    const absl::StatusOr<Pattern> pattern = Pattern::Regex(regex, false);
    if (!pattern.ok()) {
      EXPECT_THAT(std::string(pattern.status().message()), HasSubstr("too costly")) << regex;
      continue;
    }
    const int64_t cost = SearchNs(*pattern, line);
    std::printf("%.20s: %.1f times a plain one\n", regex.c_str(),
                static_cast<double>(cost) / static_cast<double>(plain));
    EXPECT_LT(cost, 200 * std::max<int64_t>(plain, 100'000)) << regex.substr(0, 20);
  }
}

TEST(RegexBudgetTest, NoSearchLooksAtMoreThanItsRegexCanPayFor) {
  for (const std::string& regex :
       {std::string("x"), std::string("[ab]*a[ab]{100}c"), std::string("[ab]*a[ab]{700}[ab]{700}c"),
        std::string("\\w+: .{0,80} failed")}) {
    const absl::StatusOr<CompiledRegex> compiled = CompileRegex(regex, RegexUse::kSearch);
    ASSERT_TRUE(compiled.ok()) << regex;
    const auto size = static_cast<size_t>((*compiled)->ProgramSize());
    EXPECT_LE(size * RegexReach(**compiled), kSearchBudget) << regex;
    EXPECT_GE(RegexReach(**compiled), 10u * 1024) << regex;
    EXPECT_TRUE(size > 64 || RegexReach(**compiled) >= kMaxLineBytes) << regex;
  }
}

TEST(RegexBudgetTest, WhatIsBehindTheReachOfALargeRegexIsNotSeenAndCounted) {
  std::string words = "error0";
  for (int i = 1; i < 200; ++i) words += "|error" + std::to_string(i * 37);
  const CompiledRegex compiled = *CompileRegex(words, RegexUse::kSearch);
  const size_t reach = RegexReach(*compiled);
  ASSERT_LT(reach, kMaxLineBytes);
  const Pattern pattern = *Pattern::Regex(words, false);
  const int64_t before = RegexTextsCut();
  std::string line(kMaxLineBytes, 'x');
  line.replace(reach - 7, 7, "error37");
  absl::string_view match;
  EXPECT_TRUE(pattern.Find(line, &match));
  EXPECT_EQ(match, "error37");
  line[reach - 7] = 'x';
  line.replace(reach - 6, 7, "error37");
  EXPECT_FALSE(pattern.Find(line, nullptr)) << "its last byte is behind the reach";
  EXPECT_EQ(RegexTextsCut(), before + 2);
  EXPECT_TRUE(pattern.Find(line.substr(9), nullptr));

  // The cut is not the end of the line, and no word ends there.
  for (const char* end : {")$", ")\\b", ")\\z"}) {
    const std::string regex = "(" + words + end;
    const size_t cut = RegexReach(**CompileRegex(regex, RegexUse::kSearch));
    std::string text(cut + 100, 'x');
    text.replace(cut - 7, 7, "error37");
    EXPECT_FALSE(Pattern::Regex(regex, false)->Find(text, nullptr)) << end;
    text.resize(cut);
    EXPECT_TRUE(Pattern::Regex(regex, false)->Find(text, nullptr)) << end;
  }
}

TEST(RegexBudgetTest, NeitherDoesAPlainRegexSeeWhatIsBehindItsReach) {
  const std::string name(200, 'n');
  const size_t reach = RegexReach(**CompileRegex(name + "=(?P<n>\\d+)$", RegexUse::kSearch));
  ASSERT_LT(reach, kMaxLineBytes);
  const Pattern pattern = *Pattern::Regex(name + "=(?P<n>\\d+)$", false);
  std::string line = std::string(reach - name.size() - 3, 'x') + name + "=42";
  absl::string_view match;
  Captures captures;
  ASSERT_TRUE(pattern.FindCaptures(line, &match, &captures));
  EXPECT_THAT(captures, ElementsAre(Pair("n", "42")));
  const int64_t before = RegexTextsCut();
  line += "3";
  EXPECT_FALSE(pattern.FindCaptures(line, &match, &captures));
  EXPECT_FALSE(pattern.Find(line, nullptr));
  EXPECT_EQ(RegexTextsCut(), before + 2);
}

TEST(RegexBudgetTest, AValueBeyondTheReachFitsNoLargeRegex) {
  const CompiledRegex large = *CompileRegex("[ab]*a[ab]{700}[ab]{700}", RegexUse::kWhole);
  const std::string value(RegexReach(*large), 'a');
  EXPECT_TRUE(MatchesWhole(*large, value));
  EXPECT_FALSE(MatchesWhole(*large, value + "a"));
  EXPECT_TRUE(MatchesWhole(**CompileRegex("a*", RegexUse::kWhole), std::string(1 << 20, 'a')));
}

}  // namespace
}  // namespace tallybell
