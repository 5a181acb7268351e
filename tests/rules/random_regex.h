// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_RULES_RANDOM_REGEX_H_
#define TALLYBELL_TESTS_RULES_RANDOM_REGEX_H_

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tallybell {

// A regex, and a text that is often one of its matches. Mostly of what is plain, sometimes not.
class RandomRegex {
 public:
  explicit RandomRegex(std::mt19937* random) : random_(*random) {}

  void Write() {
    if (OneOf(4))
      regex_ += Any({"^", "\\A", "(?:^)"});
    else if (!OneOf(12))
      AddText();
    const size_t parts = random_() % 5;
    size_t open = 0;
    for (size_t i = 0; i < parts; ++i) {
      if (OneOf(3)) {
        regex_ += OneOf(3) ? "(" : OneOf(3) ? "(?:" : absl::StrCat("(?P<n", names_++, ">");
        ++open;
      }
      AddPart();
      if (open > 0 && OneOf(2)) {
        Close();
        --open;
      }
    }
    if (OneOf(3)) {
      regex_ += Any({"$", "\\z", "$"});
    }
    for (; open > 0; --open) Close();
  }

  const std::string& regex() const { return regex_; }

  // Texts with what matches, what nearly matches, and what does not.
  std::string Line() {
    std::string line = OneOf(3) ? "" : Noise();
    for (size_t times = 1 + random_() % 3; times > 0; --times) {
      for (const std::vector<std::string>& part : parts_) {
        // Left out, put twice, or as it should be.
        for (size_t n = OneOf(15) ? random_() % 3 : 1; n > 0; --n)
          line += part[random_() % part.size()];
      }
      if (times > 1 || OneOf(3)) line += Noise();
    }
    if (OneOf(8) && !line.empty()) line.erase(random_() % line.size(), 1 + random_() % 3);
    return line;
  }

 private:
  bool OneOf(size_t n) { return random_() % n == 0; }

  std::string Any(const std::vector<std::string>& of) { return of[random_() % of.size()]; }

  std::string Noise() {
    static const std::vector<std::string> kNoise = {"a",
                                                    "b",
                                                    "ab",
                                                    "ba",
                                                    "1",
                                                    "12",
                                                    "_",
                                                    "-",
                                                    ".",
                                                    " ",
                                                    "  ",
                                                    "]",
                                                    "\t",
                                                    "\n",
                                                    "\r",
                                                    "\v",
                                                    "A",
                                                    "z",
                                                    "\xC3\xA9",
                                                    "\xE2\x82\xAC",
                                                    "\xF0\x9F\x98\x80",
                                                    "\xFF",
                                                    "\xC3",
                                                    "\xA9",
                                                    "\xE2\x82",
                                                    std::string(1, '\0'),
                                                    "\x7F"};
    std::string noise;
    for (size_t n = random_() % 6; n > 0; --n) noise += Any(kNoise);
    return noise;
  }

  void Close() { regex_ += OneOf(40) ? Any({")*", ")?", ")+", ")|"}) : ")"; }

  void AddText() {
    static const std::vector<std::vector<std::string>> kTexts = {{"a", "a"},
                                                                 {"b", "b"},
                                                                 {"ab", "ab"},
                                                                 {" ", " "},
                                                                 {"\\.", "."},
                                                                 {"\\[", "["},
                                                                 {"]", "]"},
                                                                 {"\\t", "\t"},
                                                                 {"\xC3\xA9", "\xC3\xA9"},
                                                                 {"\\n", "\n"},
                                                                 {"-", "-"},
                                                                 {"1", "1"},
                                                                 {"a b", "a b"},
                                                                 {"\xE2\x82\xAC", "\xE2\x82\xAC"},
                                                                 {"aa", "aa"},
                                                                 {"}", "}"},
                                                                 {"\\\\", "\\"},
                                                                 {"aba", "aba"},
                                                                 {"\\ ", " "},
                                                                 {"\\_", "_"}};
    const std::vector<std::string>& text = kTexts[random_() % kTexts.size()];
    regex_ += text[0];
    parts_.push_back({text[1]});
  }

  void AddPart() {
    if (OneOf(60))
      regex_ += Any({"|", "^", "$", "\\b", "(?i)", "\\x41", "{", "\\pL", "[\xC3\xA9]"});
    if (OneOf(3)) return AddText();
    struct Set {
      const char* regex;
      std::vector<std::string> members;
    };
    static const std::vector<Set> kSets = {{"[ab]", {"a", "b"}},
                                           {"[^a]", {"b", "\xC3\xA9", "\n", " "}},
                                           {"[0-9]", {"1", "2"}},
                                           {"\\d", {"1", "9"}},
                                           {"\\D", {"a", "\xE2\x82\xAC"}},
                                           {"\\w", {"a", "_", "1"}},
                                           {"\\W", {" ", "-", "\xC3\xA9"}},
                                           {"\\s", {" ", "\t", "\n"}},
                                           {"\\S", {"a", "\xC3\xA9", "\v"}},
                                           {".", {"a", " ", "\xF0\x9F\x98\x80"}},
                                           {"a", {"a"}},
                                           {" ", {" "}},
                                           {"[^ \\]]", {"a", "."}},
                                           {"[]a]", {"]", "a"}},
                                           {"[^]a]", {"b", "\xC3\xA9"}},
                                           {"[a-]", {"a", "-"}},
                                           {"[-a]", {"-"}},
                                           {"[\\w-]", {"a", "-"}},
                                           {"[\\d.-]", {"1", "."}},
                                           {"[a-z-9]", {"b", "9"}},
                                           {"[ -~]", {"~"}},
                                           {"[^\\d ]", {"a", "\xE2\x82\xAC"}},
                                           {"[^\\S]", {" ", "\n"}},
                                           {"[\\W_]", {"_", "\xC3\xA9"}},
                                           {"[^ -~]", {"\xC3\xA9", "\n"}},
                                           {"\\.", {"."}},
                                           {"[\\[-\\]]", {"[", "\\"}},
                                           {"[^\\n]", {"a", "\r"}},
                                           {"[^\\s\\S]", {"a"}},
                                           {"[^\\W]", {"a"}},
                                           {"\\t", {"\t"}}};
    const Set& set = kSets[random_() % kSets.size()];
    const std::string quantifier =
        Any({"", "+", "*", "+", "?", "+?", "*?", "??", "{2}", "{1,2}", "{0,3}", "{2,}", "{1,3}?"});
    regex_ += set.regex + quantifier;
    std::vector<std::string> samples;
    for (int i = 0; i < 3; ++i) {
      std::string sample;
      const size_t most = quantifier.empty() ? 1 : 4;
      const size_t n = quantifier.empty() ? 1 : random_() % most + (quantifier[0] == '+' ? 1 : 0);
      for (size_t k = 0; k < n; ++k) sample += Any(set.members);
      samples.push_back(sample);
    }
    parts_.push_back(samples);
  }

  std::mt19937& random_;
  std::string regex_;
  std::vector<std::vector<std::string>> parts_;  // texts for each part of the regex
  int names_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_RULES_RANDOM_REGEX_H_
