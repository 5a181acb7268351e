// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// RE2 is the second implementation: what it finds is right. TALLYBELL_PLAIN_REGEXES is how many
// random regexes are put beside it (10,000 if it is not set).

#include "rules/plain_regex.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "re2/re2.h"
#include "rules/packs.h"
#include "rules/regex.h"
#include "rules/rule_loader.h"
#include "tests/rules/random_regex.h"

namespace tallybell {
namespace {

// What was found, in words: the match and the groups, each with its place.
std::string Words(const std::vector<absl::string_view>& found, absl::string_view line) {
  std::string words;
  for (const absl::string_view part : found) {
    absl::StrAppend(&words, part.data() - line.data(), ":", absl::CHexEscape(part), " ");
  }
  return words;
}

std::string FindByRe2(const re2::RE2& regex, absl::string_view line) {
  std::vector<re2::StringPiece> found(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  if (!regex.Match({line.data(), line.size()}, 0, line.size(), re2::RE2::UNANCHORED, found.data(),
                   static_cast<int>(found.size()))) {
    return "none";
  }
  std::vector<absl::string_view> views;
  for (const re2::StringPiece& piece : found) views.emplace_back(piece.data(), piece.size());
  return Words(views, line);
}

std::string FindPlainly(const PlainRegex& plain, int groups, absl::string_view line) {
  absl::string_view match;
  PlainRegex::Groups places;
  const bool found = plain.Find(line, &match, &places);
  EXPECT_EQ(plain.Find(line, nullptr, nullptr), found);
  if (!found) return "none";
  std::vector<absl::string_view> views = {match};
  for (int i = 1; i <= groups; ++i) views.push_back(places[i]);
  return Words(views, line);
}

// Finds both ways, and expects the same.
void ExpectSame(const std::string& regex, const std::vector<std::string>& lines) {
  const absl::StatusOr<CompiledRegex> re2 = CompileRegex(regex, RegexUse::kSearch);
  ASSERT_TRUE(re2.ok()) << regex << ": " << re2.status();
  const std::optional<PlainRegex> plain = PlainRegex::Compile(regex);
  ASSERT_TRUE(plain.has_value()) << regex;
  for (const std::string& line : lines) {
    EXPECT_EQ(FindPlainly(*plain, (*re2)->NumberOfCapturingGroups(), line), FindByRe2(**re2, line))
        << regex << " in " << absl::CHexEscape(line);
  }
}

TEST(PlainRegexTest, FindsWhatRe2Finds) {
  const std::vector<std::string> kHosts = {"vm 7 started on mac12",
                                           "vm 7 on mac on mac3",
                                           "on mac1",
                                           " on mac1",
                                           " on mac",
                                           " on mac1 ",
                                           " on mac1\n",
                                           "",
                                           " on macx on mac0123456789"};
  for (const char* regex : {" on (?P<host>mac[0-9]+)$",
                            " on (?P<host>mac[0-9]+)",
                            " on (mac)(\\d*)",
                            " on mac",
                            "on (?P<a>(?P<b>m)ac)(?:[0-9])(\\d?)",
                            " on (?P<host>[^ ]+)",
                            " on (?P<host>\\S+)\\z",
                            " on (?P<rest>.*)",
                            " on (?P<rest>.*)$",
                            " on mac[0-9]{2,}",
                            " on mac[0-9]{1,3}$",
                            "^vm (?P<vm>\\d+) (?P<what>\\w+) on ",
                            "\\Avm",
                            "^",
                            "^$",
                            "^(?P<all>.*)$",
                            "^[a-z]* ?[0-9]*",
                            "m[]a]c",
                            "m[^]]c",
                            "(^vm)( )",
                            "(mac)()$",
                            "mac[\\d-]+",
                            "(?P<x> on mac\\d+$)",
                            "(?P<x>\\w+)$",
                            "(?P<x>\\w+)( *)$",
                            "([^ ]*) on (?P<x>\\w{3,})$",
                            "(?P<x>\\d{1,2})$",
                            "( ?)([a-z]*?)(\\d+?)$",
                            "(.)mac\\d$",
                            "(?P<x>\\w+) on",
                            "(?P<x>[a-z]{2}) on (m)",
                            "((?P<x>[a-z]*)) 7",
                            "(.)mac",
                            "(\\w+?)( o)n (mac\\d+)",
                            "(\\d?) on m",
                            "( +)on mac[^ ]+ "}) {
    ExpectSame(regex, kHosts);
  }
}

TEST(PlainRegexTest, TakesWholeCharacters) {
  const std::vector<std::string> kLines = {
      "a\xC3\xA9"
      "b",
      "a\xC3\xA9",
      "ab",
      "a\xF0\x9F\x98\x80z",
      "a\xEF\xBF\xBD z",
      "a\xC3",
      "a\xA9\xC3\xA9",
      "a\xFF"
      "b",
      "a\xC0\x80",
      "a\xF5\x80\x80\x80",
      "a\nb",
      "\xC3\xA9"
      "a\xC3\xA9",
      "a \xE2\x82",
      "a\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC",
      "a\r\n\t\v\f b",
      std::string("a\0b", 3)};
  for (const char* regex :
       {"a.", "a.b", "a(.*)", "a(.+)$", "a([^ ]+)", "a(\\S*)", "a(\\W)", "a(\\D{2})", "a(\\w*)",
        "\xC3\xA9(a?)", "a\xC3\xA9", "a(.{1,2})$", "a([^b]?)b", "a(\\s*)b", "a(\\s+)", "a([^\\S]*)",
        "a([^\\n]*)", "a([\\t\\r\\n\\f ]*)"}) {
    ExpectSame(regex, kLines);
  }
}

TEST(PlainRegexTest, LeavesToRe2WhatIsNotPlain) {
  for (const char* regex : {"a|b",
                            "(a|b)c",
                            "ab|",
                            "x(ab)*",
                            "x(ab)?",
                            "(?i)ab",
                            "a(?i:b)",
                            "(?s).",
                            "a\\b",
                            "\\Ba",
                            "x[a-z]+a",
                            "x[a-z]*[0-9a]",
                            "x[a-z]+[0-9]*b",
                            "x.*y",
                            "x[^ ]+y",
                            "x\\S+\xC3\xA9",
                            "[a-z]+x",
                            "[a-z]+[0-9]x",
                            "[a-z]*[0-9]* x",
                            "\\d+",
                            ".*",
                            "x[a-z]+?",
                            "x[a-z]*?",
                            "x??",
                            "xa{2,3}?",
                            "x[\xC3\xA9]",
                            "x[^\xC3\xA9]",
                            "\xC3\xA9+x",
                            "x\xC3\xA9+",
                            "x[[:alpha:]]",
                            "x[^[:alpha:]]",
                            "x\\pL",
                            "x\\p{Greek}",
                            "x\\Qab\\E",
                            "x\\x41",
                            "x\\101",
                            "x\\0",
                            "x[\\x41]",
                            "a^",
                            "$a",
                            "a$b",
                            "^^a",
                            "a$$",
                            "$",
                            "x{,2}",
                            "x{",
                            "x{a}",
                            "x\\C",
                            "a**",
                            "a+*",
                            "(",
                            ")",
                            "a(b",
                            "[a",
                            "[]",
                            "[z-a]x",
                            "a\\",
                            "a[\\",
                            "",
                            "x[ab]{1,2}a",
                            "x[a-z]+[0-9]*\\w",
                            "xa{200}",
                            "a(?P<n",
                            "a(?P<>b)",
                            "a(?<n>b)",
                            "x(?:[ab]+)+",
                            "x(?U)a+",
                            "x(?P<n>a)*",
                            "^*a",
                            "x\xFF"}) {
    EXPECT_FALSE(PlainRegex::Compile(regex).has_value()) << regex;
  }
  EXPECT_FALSE(PlainRegex::Compile(std::string(PlainRegex::kMaxText + 1, 'a')).has_value());
  std::string runs = "x";
  for (int i = 0; i < 10; ++i) runs += "a+b+";
  EXPECT_FALSE(PlainRegex::Compile(runs).has_value());
  std::string groups = "x";
  for (int i = 0; i <= PlainRegex::kMaxGroups; ++i) groups += "(a)";
  EXPECT_FALSE(PlainRegex::Compile(groups).has_value());
}

// Each place where the first text stands begins an attempt that would go to the end of the line:
// if they all did, a line of this size would take minutes.
TEST(PlainRegexTest, NoPartOfALineIsRunThroughTwice) {
  const auto repeated = [](absl::string_view part) {
    std::string line;
    while (line.size() + part.size() <= kMaxLineBytes) line.append(part.data(), part.size());
    return line;
  };
  ExpectSame("ab[^x]*x", {repeated("ab"), repeated("ab") + "x"});
  ExpectSame("a[^x]*x", {repeated("a"), repeated("a \xC3\xA9"), "a\xFF" + repeated("a") + "x"});
  ExpectSame("a[a-z]*[0-9]*-*$", {repeated("a"), repeated("a") + "1", repeated("a1"),
                                  repeated("a ") + "a1a", repeated("aaa11b "), "a"});
  ExpectSame("a[a ]{3,}[0-9]+[b-w]+x", {repeated("a"), repeated("a   1"), repeated("a   1") + "x"});
  ExpectSame("a.{128}$", {repeated("a").substr(0, 10'000)});
  ExpectSame("[a-z]*1x", {repeated("a1"), repeated("a") + "1x", repeated("a1") + "x"});
  ExpectSame("[^1]+1[^x]*x", {repeated("a1"), repeated("1"), repeated("11a") + "x"});
  ExpectSame(".{60}1.{60}x", {repeated("1").substr(0, 10'000)});
  ExpectSame("[a-z]+[0-9]*$", {repeated("a"), repeated("a") + "1", repeated("a1") + "-"});
  ExpectSame("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", {repeated("a")});
}

TEST(PlainRegexTest, FindsWhatRe2FindsForRandomRegexesAndLines) {
  const char* const asked = std::getenv("TALLYBELL_PLAIN_REGEXES");
  const int count = asked == nullptr ? 10'000 : std::atoi(asked);
  int plain = 0;
  int cases = 0;
  int matches = 0;
  for (int seed = 0; seed < count; ++seed) {
    std::mt19937 random(static_cast<uint32_t>(seed));
    RandomRegex regex(&random);
    regex.Write();
    const std::optional<PlainRegex> compiled = PlainRegex::Compile(regex.regex());
    if (!compiled.has_value()) continue;
    const absl::StatusOr<CompiledRegex> re2 = CompileRegex(regex.regex(), RegexUse::kSearch);
    if (!re2.ok()) continue;
    ++plain;
    for (int i = 0; i < 20; ++i) {
      const std::string line = regex.Line();
      const std::string expected = FindByRe2(**re2, line);
      ++cases;
      matches += expected != "none" ? 1 : 0;
      ASSERT_EQ(FindPlainly(*compiled, (*re2)->NumberOfCapturingGroups(), line), expected)
          << "seed " << seed << ": " << regex.regex() << " in " << absl::CHexEscape(line);
    }
  }
  std::printf("%d of %d regexes are plain; %d cases, %d with a match\n", plain, count, cases,
              matches);
  EXPECT_GT(plain, count / 10);
  EXPECT_GT(matches, cases / 10);
}

// How many of the regexes that are shipped and tested with are plain.
TEST(PlainRegexTest, CountsThePlainOnesAmongThoseThatPeopleWrite) {
  std::set<std::string> regexes;
  const auto collect = [&regexes](const std::vector<Pattern>& patterns) {
    for (const Pattern& pattern : patterns) {
      if (!pattern.is_literal() && !pattern.ignore_case()) regexes.insert(pattern.text());
    }
  };
  const auto collect_rules = [&](const RuleSet& rules) {
    for (const Rule& rule : rules.rules) {
      collect(rule.leaf().clear);
      for (const Stage& stage : rule.leaf().stages) {
        if (const auto* any = std::get_if<Stage::AnyOf>(&stage.test)) collect(any->patterns);
        if (const auto* none = std::get_if<Stage::NoneOf>(&stage.test)) collect(none->patterns);
      }
    }
  };
  const auto print = [&regexes](const char* what) {
    int plain = 0;
    for (const std::string& regex : regexes)
      plain += PlainRegex::Compile(regex).has_value() ? 1 : 0;
    std::printf("%s: %d of %zu regexes are plain\n", what, plain, regexes.size());
    regexes.clear();
  };
  Diagnostics diagnostics;
  for (const Pack& pack : BuiltInPacks()) {
    collect_rules(LoadRulesFromText(pack.name, pack.text, &diagnostics));
  }
  EXPECT_FALSE(regexes.empty());
  print("packs");
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(TALLYBELL_SOURCE_DIR) / "tests/rules/good")) {
    collect_rules(LoadRules({entry.path().string()}, &diagnostics));
  }
  print("rules of tests");
}

}  // namespace
}  // namespace tallybell
