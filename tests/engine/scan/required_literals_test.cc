// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/required_literals.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "re2/re2.h"

namespace tallybell {

void PrintTo(const ScanLiteral& literal, std::ostream* os) {
  *os << '"' << literal.text << '"' << (literal.ignore_case ? "i" : "");
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<ScanLiteral> Of(absl::string_view regex) { return RequiredLiterals(regex, false); }
ScanLiteral Exact(absl::string_view text) { return {std::string(text), false}; }
ScanLiteral AnyCase(absl::string_view text) { return {std::string(text), true}; }

TEST(RequiredLiteralsTest, APlainWordRequiresItself) {
  EXPECT_THAT(Of("can't start vm"), ElementsAre(Exact("can't start vm")));
  EXPECT_THAT(Of(R"(^E\d{4} .*disk\.go:\d+\] out$)"), ElementsAre(Exact("disk.go:")));
  EXPECT_THAT(Of(R"(\Aa\x41\x{e9}\101\]\b\Q.*\E+x\z)"), ElementsAre(Exact("aA\xC3\xA9"
                                                                          "A].*")));
}

TEST(RequiredLiteralsTest, AlternativesRequireOneOfThem) {
  EXPECT_THAT(Of("(failed|unable) to start"),
              ElementsAre(Exact("failed to start"), Exact("unable to start")));
  EXPECT_THAT(Of("alpha.*x|beta+|gamma\\d"),
              ElementsAre(Exact("alpha"), Exact("beta"), Exact("gamma")));
  EXPECT_THAT(Of("alpha|\\d+"), IsEmpty());
  EXPECT_THAT(Of("alpha|"), IsEmpty());
}

TEST(RequiredLiteralsTest, WhatMayBeAbsentIsNotRequired) {
  EXPECT_THAT(Of("abc(defgh)*ij"), ElementsAre(Exact("abc")));
  EXPECT_THAT(Of("abc(defgh){0,3}ij"), ElementsAre(Exact("abc")));
  EXPECT_THAT(Of("abc(defgh)+ij"), ElementsAre(Exact("abcdefgh")));
  EXPECT_THAT(Of("(ab){3}c"), ElementsAre(Exact("abababc")));
  EXPECT_THAT(Of("(ab){2,}c"), ElementsAre(Exact("ababc")));
  EXPECT_THAT(Of("errors?"), ElementsAre(Exact("error")));
  EXPECT_THAT(Of("colou?r"), ElementsAre(Exact("color"), Exact("colour")));
  EXPECT_THAT(Of("ab{0}cd"), ElementsAre(Exact("acd")));
}

TEST(RequiredLiteralsTest, ReadsBracesThatCountNothingAsText) {
  EXPECT_THAT(Of("a{,2}b"), ElementsAre(Exact("a{,2}b")));
  EXPECT_THAT(Of("x{y}"), ElementsAre(Exact("x{y}")));
}

TEST(RequiredLiteralsTest, SmallClassesAreSpelledOut) {
  EXPECT_THAT(Of("disk[12]full"), ElementsAre(Exact("disk1full"), Exact("disk2full")));
  EXPECT_THAT(Of("x[]]y"), ElementsAre(Exact("x]y")));
  EXPECT_THAT(Of("panic[^a]caught[[:alpha:]]!"), ElementsAre(Exact("caught")));
  EXPECT_THAT(Of(R"(ab[\]\-]c)"), ElementsAre(Exact("ab-c"), Exact("ab]c")));
  EXPECT_THAT(Of("warn[a-z]ing"), ElementsAre(Exact("warn")));
  EXPECT_THAT(Of(R"(\pL\p{Greek}ouch\PN)"), ElementsAre(Exact("ouch")));
}

TEST(RequiredLiteralsTest, FlagsHoldToTheEndOfTheirGroup) {
  EXPECT_THAT(Of("(?i)PANIC"), ElementsAre(AnyCase("panic")));
  EXPECT_THAT(Of("(?:(?i)a|bcd)EF"), ElementsAre(AnyCase("aef"), AnyCase("bcdef")));
  EXPECT_THAT(Of("(?i:a)BCD"), ElementsAre(AnyCase("abcd")));
  EXPECT_THAT(RequiredLiterals("(?-i:ABC)\\d", true), ElementsAre(Exact("ABC")));
  EXPECT_THAT(Of("(?P<who>node) lost(?sU).*"), ElementsAre(Exact("node lost")));
}

TEST(RequiredLiteralsTest, KAndSEndALiteralWhereCaseIsIgnored) {
  EXPECT_THAT(Of("(?i)can't start vm"), ElementsAre(AnyCase("tart vm")));
  EXPECT_THAT(Of("(?i)12345"), ElementsAre(Exact("12345")));
  EXPECT_THAT(Of("(?i)na\xC3\xAFvety"), ElementsAre(AnyCase("vety")));
}

TEST(RequiredLiteralsTest, SpellsOutWhatKAndSFoldToWhereLittleElseIsLeft) {
  EXPECT_THAT(Of("(?i)disk"),
              ElementsAre(AnyCase("disk"), AnyCase("dis\xE2\x84\xAA"), AnyCase("di\xC5\xBFk"),
                          AnyCase("di\xC5\xBF\xE2\x84\xAA")));
}

TEST(RequiredLiteralsTest, WhatCleaningChangesEndsALiteral) {
  EXPECT_THAT(Of("abc\xEF\xBF\xBD"
                 "de"),
              ElementsAre(Exact("abc")));
  EXPECT_THAT(Of(R"(abc\nde)"), ElementsAre(Exact("abc")));
  EXPECT_THAT(Of(R"(ab\rcde)"), ElementsAre(Exact("cde")));
  EXPECT_THAT(Of(R"(a\tb)"), ElementsAre(Exact("a\tb")));
  EXPECT_THAT(Of(R"(ab\x1b\[0mcd)"), ElementsAre(Exact("[0mcd")));
}

TEST(RequiredLiteralsTest, HasNoneWhereOneByteIsAllThereIs) {
  for (const char* regex : {"", "a", ".*", "a|b", "x?y?z?", R"(\d+ \d+)", "[^x]", "(?i)é", "a.b"}) {
    EXPECT_THAT(Of(regex), IsEmpty()) << regex;
  }
}

TEST(RequiredLiteralsTest, LongLiteralsAreCutToTheirBestPiece) {
  const std::string dashes(40, '-');
  const std::vector<ScanLiteral> literals = Of(dashes + "etcdserver: no space left" + dashes);
  ASSERT_EQ(literals.size(), 1u);
  EXPECT_EQ(literals[0].text.size(), kMaxRequiredBytes);
  EXPECT_THAT(literals[0].text, ::testing::HasSubstr("etcdserver: no space"));
}

TEST(RequiredLiteralsTest, StaysSmallOnLargeAndDeepRegexes) {
  std::string alternatives;
  for (int i = 0; i < 5000; ++i) absl::StrAppend(&alternatives, i == 0 ? "" : "|", "word", i);
  EXPECT_LE(Of(alternatives).size(), 256u);
  EXPECT_THAT(Of(std::string(500, '(') + "abc" + std::string(500, ')')), IsEmpty());
  EXPECT_LE(Of("[ab][ab][ab][ab][ab][ab][ab][ab][ab][ab]").size(), 32u);
  EXPECT_THAT(Of(std::string(1 << 20, 'a')), IsEmpty());
  EXPECT_EQ(Of("((((a{100}){100}){100}){100})b").size(), 1u);
}

TEST(RequiredLiteralsTest, NeverFailsOnWhatRe2WouldRefuse) {
  for (const char* regex :
       {"(",   ")",       "[", "[a",  "[^",  "\\",  "\\x", "\\x{", "\\Q", "(?",   "(?P<",
        "a{2", "a{9999}", "*", "a**", "\\8", "[\\", "[a-", "\xFF", "\\p", "\\p{", "(?i"}) {
    Of(regex);
  }
}

TEST(RequiredLiteralsTest, TextRequiresItsBestPiece) {
  EXPECT_THAT(RequiredLiteralsOfText("no (space) left", false),
              ElementsAre(Exact("no (space) left")));
  EXPECT_THAT(RequiredLiteralsOfText("a\nbcd\xFFz", false), ElementsAre(Exact("bcd")));
  EXPECT_THAT(RequiredLiteralsOfText("x", false), IsEmpty());
}

bool Holds(const std::string& text, const ScanLiteral& literal) {
  return literal.ignore_case ? absl::AsciiStrToLower(text).find(literal.text) != std::string::npos
                             : text.find(literal.text) != std::string::npos;
}

// Regexes and texts over few characters, so that they often match.
class RandomRegex {
 public:
  explicit RandomRegex(uint32_t seed) : random_(seed) {}

  std::string Regex(int depth) {
    std::string regex;
    const int pieces = 1 + Below(4);
    for (int i = 0; i < pieces; ++i) {
      regex += Atom(depth);
      if (Below(4) == 0) regex += Repetition();
    }
    return regex;
  }

  std::string Text() {
    std::string text;
    const int size = Below(24);
    for (int i = 0; i < size; ++i) text += Pick(kCharacters);
    return text;
  }

  int Below(int limit) { return static_cast<int>(random_() % limit); }

 private:
  static constexpr const char* kCharacters[] = {
      "a", "b", "A", "k",  "K",        "s",        "S",        "-",
      "a", "b", "1", "\t", "\xC3\xA9", "\xC3\x89", "\xC5\xBF", "\xE2\x84\xAA",
      "{", "]"};
  static constexpr const char* kAtoms[] = {"a",           "b",
                                           "ab",          "k",
                                           "s",           "S",
                                           "ka",          "\xC3\xA9",
                                           "-",           ".",
                                           "\\d",         "\\w",
                                           "[ab]",        "[^a]",
                                           "[ks]",        "[a-c]",
                                           "[]-]",        "\\]",
                                           "\\x61",       "\\141",
                                           "\\t",         "[[:alpha:]1]",
                                           "^",           "$",
                                           "\\b",         "\\Qab\\E",
                                           "\\Q]\\E",     "(?i)",
                                           "(?-i)",       "\\pL",
                                           "[\\d-]",      "\\x{212a}",
                                           "[\\x{17f}a]", "{",
                                           "}",           "{,2}"};
  static constexpr const char* kRepetitions[] = {"*",   "+",    "?",     "*?",     "+?",
                                                 "{2}", "{1,}", "{0,2}", "{2,3}?", "{0}"};

  template <size_t N>
  const char* Pick(const char* const (&list)[N]) {
    return list[random_() % N];
  }
  std::string Repetition() { return Pick(kRepetitions); }
  std::string Atom(int depth) {
    if (depth == 0 || Below(3) != 0) return Pick(kAtoms);
    static constexpr const char* kGroups[] = {"(", "(?:", "(?i:", "(?P<n>", "(?s-i:"};
    std::string group = Pick(kGroups);
    group += Regex(depth - 1);
    while (Below(2) == 0) absl::StrAppend(&group, "|", Regex(depth - 1));
    return absl::StrCat(group, ")");
  }

  std::mt19937 random_;
};

TEST(RequiredLiteralsTest, EveryMatchOfARandomRegexHoldsOne) {
  int matches_with_literals = 0;
  for (uint32_t seed = 1; seed <= 6000; ++seed) {
    RandomRegex random(seed);
    const std::string pattern = random.Regex(2);
    const bool ignore_case = random.Below(2) == 0;
    RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(!ignore_case);
    const RE2 regex(pattern, options);
    const std::vector<ScanLiteral> literals = RequiredLiterals(pattern, ignore_case);
    if (!regex.ok() || literals.empty()) continue;
    for (int i = 0; i < 60; ++i) {
      const std::string text = random.Text();
      if (!RE2::PartialMatch(text, regex)) continue;
      ++matches_with_literals;
      bool held = false;
      for (const ScanLiteral& literal : literals) held = held || Holds(text, literal);
      ASSERT_TRUE(held) << "seed " << seed << ": /" << pattern << "/ " << ignore_case
                        << " matches \"" << text << "\" without "
                        << testing::PrintToString(literals);
    }
  }
  EXPECT_GT(matches_with_literals, 3000);
}

}  // namespace
}  // namespace tallybell
