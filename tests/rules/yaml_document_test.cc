// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/yaml_document.h"

#include <memory>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;

std::string Faults(absl::string_view text) {
  Diagnostics diagnostics;
  YamlDocument::Parse("f.yaml", text, &diagnostics);
  return diagnostics.ToString();
}

TEST(YamlDocumentTest, KeepsOrderTextAndPlace) {
  Diagnostics diagnostics;
  const YamlDocument document =
      YamlDocument::Parse("f.yaml", "b: [1, 'x']\na: {c: null}\n", &diagnostics);
  ASSERT_EQ(diagnostics.ToString(), "");
  const YamlNode& root = document.root();
  ASSERT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(root.entries[0].key->text, "b");
  const YamlNode& list = *root.entries[0].value;
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_TRUE(list.items[0]->plain);
  EXPECT_FALSE(list.items[1]->plain);
  EXPECT_EQ(list.items[1]->line, 1);
  EXPECT_EQ(list.items[1]->column, 8);
  EXPECT_EQ(root.entries[1].value->entries[0].value->kind, YamlNode::Kind::kNull);
}

TEST(YamlDocumentTest, TakesNoWordForATruthValue) {
  Diagnostics diagnostics;
  const YamlDocument document = YamlDocument::Parse("f.yaml", "country: no\n", &diagnostics);
  EXPECT_EQ(document.root().entries[0].value->text, "no");
}

struct BadYaml {
  std::string text;
  absl::string_view fault;
};

TEST(YamlDocumentTest, RefusesWhatIsNotYamlWithItsPlace) {
  const BadYaml kCases[] = {
      {"a: [1, 2", "f.yaml:1:"},
      {"a: \"x", "f.yaml:1:"},
      {"a: 1\n\tb: 2\n", "f.yaml:2:"},
      {"a: b: c\n", "f.yaml:1:"},
      {"a: 1\na: 2\n", "f.yaml:2:1: error: the key \"a\" is here twice"},
      {"? [x]\n: 1\n", "a key must be a plain text"},
      {"a: 1\n---\nb: 2\n", "f.yaml:2:1: error: a second document"},
      {"a: !!binary x\n", "f.yaml:1:4: error: the tag"},
      {"a: !foo x\n", "means nothing here"},
      {"a: *x\n", "f.yaml:1:"},
      {"ab: x\xff\n", "f.yaml:1:6: error: the file is not valid UTF-8"},
      {std::string("a: \0\n", 5), "f.yaml:1:4: error: a control character"},
      {"a: \x1b[31m\n", "f.yaml:1:4: error: a control character"},
      {"%YAML 3.0\n---\na: 1\n", "error"},
  };
  for (const BadYaml& c : kCases) {
    EXPECT_THAT(Faults(c.text), HasSubstr(std::string(c.fault))) << c.text;
  }
}

TEST(YamlDocumentTest, ReportsEveryDuplicateKey) {
  EXPECT_EQ(Faults("a: 1\na: 2\nb: {c: 1, c: 2}\n"),
            "f.yaml:2:1: error: the key \"a\" is here twice\n"
            "f.yaml:3:11: error: the key \"c\" is here twice\n");
}

TEST(YamlDocumentTest, SharesANodeBehindAnAlias) {
  Diagnostics diagnostics;
  const YamlDocument document =
      YamlDocument::Parse("f.yaml", "a: &x {k: v}\nb: *x\n", &diagnostics);
  EXPECT_EQ(diagnostics.ToString(), "");
  EXPECT_EQ(document.root().entries[0].value, document.root().entries[1].value);
}

TEST(YamlDocumentTest, RefusesAnAliasWithinItself) {
  EXPECT_THAT(Faults("a: &x [1, *x]\n"), HasSubstr("something it is part of"));
  EXPECT_THAT(Faults("&x {k: *x}\n"), HasSubstr("something it is part of"));
}

TEST(YamlDocumentTest, CountsNodesThroughAliases) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 8; ++i) {
    absl::StrAppend(&bomb, "a", i, ": &a", i, " [");
    for (int j = 0; j < 10; ++j) absl::StrAppend(&bomb, j > 0 ? "," : "", "*a", i - 1);
    absl::StrAppend(&bomb, "]\n");
  }
  EXPECT_THAT(Faults(bomb), HasSubstr("more than 100000 YAML nodes"));
}

TEST(YamlDocumentTest, CountsDepthThroughAliases) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 60; ++i) absl::StrAppend(&text, "a", i, ": &a", i, " [*a", i - 1, "]\n");
  EXPECT_THAT(Faults(text), HasSubstr("more than 50 levels"));
}

std::string Repeat(absl::string_view part, size_t count) {
  std::string text;
  text.reserve(part.size() * count);
  for (size_t i = 0; i < count; ++i) text.append(part.data(), part.size());
  return text;
}

TEST(YamlDocumentTest, SurvivesBombs) {
  const size_t kMany = 100'000;
  const std::string kBombs[] = {
      Repeat("[", kMany),
      Repeat("{", kMany),
      Repeat("{a: ", kMany),
      Repeat("- ", kMany),
      Repeat("? ", kMany),
      Repeat("a: ", kMany),
      Repeat("[a,", kMany),
      Repeat("x,", kMany),
      Repeat("&a ", kMany),
      Repeat("!a ", kMany),
      Repeat("!", kMany),
      Repeat("*", kMany),
      Repeat("#", kMany),
      Repeat("\n", kMany),
      Repeat("\"", kMany),
      Repeat("'", kMany),
      Repeat("|\n", kMany),
      Repeat("---\n", kMany),
      Repeat("%TAG ! x\n", 50'000),
      Repeat("- - -\n", kMany),
      Repeat("- a\n", kMany),
      "a: [" + Repeat("b,", kMany) + "]",
      "a: \"" + Repeat("\\n", kMany),
      std::string(kMaxYamlBytes + 1, 'a'),
      std::string(kMaxYamlBytes, 'a'),
  };
  for (const std::string& bomb : kBombs) {
    Diagnostics diagnostics;
    const YamlDocument document = YamlDocument::Parse("f.yaml", bomb, &diagnostics);
    EXPECT_TRUE(diagnostics.HasErrors() || document.ok()) << bomb.substr(0, 20);
  }
  std::string keys;
  for (int i = 0; i < 200'000; ++i) absl::StrAppend(&keys, "key", i, ": 1\n");
  EXPECT_THAT(Faults(keys), HasSubstr("more than 100000 YAML nodes"));
}

TEST(YamlDocumentTest, SurvivesRandomTexts) {
  constexpr uint32_t kSeed = 3;
  constexpr absl::string_view kParts[] = {
      "a",  "b",  ":",  " ",  "\n", "- ", "[",  "]",   "{", "}", "\"",   "'",  "\\", "|", ">",
      "&x", "*x", "!t", "? ", "#",  ",",  "\t", "---", "%", "é", "\r\n", "  ", "~",  "<<"};
  std::mt19937 random(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (size_t n = random() % 20; n > 0; --n) {
      absl::StrAppend(&text, kParts[random() % std::size(kParts)]);
    }
    Diagnostics diagnostics;
    const YamlDocument document = YamlDocument::Parse("f.yaml", text, &diagnostics);
    EXPECT_NE(
        document.ok() && document.root().kind != YamlNode::Kind::kNull && document.root().line == 0,
        true)
        << "seed " << kSeed << ": " << text;
  }
}

// The place of the first "@" of the value of the one entry, as "line:column".
std::string PlaceOfAt(absl::string_view text) {
  Diagnostics diagnostics;
  const YamlDocument document = YamlDocument::Parse("f.yaml", text, &diagnostics);
  if (!document.ok() || document.root().entries.empty()) return diagnostics.ToString();
  const YamlNode& scalar = *document.root().entries[0].value;
  const Place place = document.PlaceInside(scalar, scalar.text.find('@'));
  return absl::StrCat(place.line, ":", place.column);
}

// Where the first "@" stands in the file itself.
std::string PlaceInFile(absl::string_view text) {
  const absl::string_view before = text.substr(0, text.find('@'));
  int line = 1, column = 1;
  for (const char c : before) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++column;
    }
  }
  return absl::StrCat(line, ":", column);
}

TEST(YamlDocumentTest, FindsThePlaceOfAByteInsideAScalarOfEveryStyle) {
  const absl::string_view kCases[] = {
      "a: x@y\n",
      "a: 'x@y'\n",
      "a: 'it''s ''@'\n",
      "a: \"x@y\"\n",
      "a: \"\\\"q\\\" \\n \\u00e9 \\x41 \\U0001F600 @\"\n",
      "é: \"ü@\"\n",
      "a: &anchor \"x@\"\n",
      "a: !!str x@\n",
      "a: &n !!str 'x@'\n",
      "a: |\n  one\n  two @\n",
      "a: |-\n    one\n\n      two\n    @ three\n",
      "a: >\n  one\n  two @ three\n",
      "a: >-\n  one\n\n  two\n    more\n  three @\n",
      "a: one\n  two @\n",
      "a: one\n\n  two @\n",
      "a: 'one\n\n\n  two @'\n",
      "a: \"one  \n  two \\\n    three @\"\n",
      "a: |\r\n  one\r\n  two @\r\n",
      "a: |2\n    one\n  @\n",
      "a:\n  x @\n",
      "\xEF\xBB\xBF"
      "a: x@\n",
  };
  for (absl::string_view text : kCases) {
    absl::string_view shown = text;
    if (shown[0] == '\xEF') shown.remove_prefix(3);
    EXPECT_EQ(PlaceOfAt(text), PlaceInFile(shown)) << text;
  }
}

}  // namespace
}  // namespace tallybell
