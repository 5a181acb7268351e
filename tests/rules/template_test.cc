// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/template.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/utf8.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;

// What every template here is rendered with.
class TemplateTest : public ::testing::Test {
 protected:
  std::string Render(absl::string_view text) {
    const absl::StatusOr<Template> parsed = Template::Parse(text);
    if (!parsed.ok()) return absl::StrCat("error: ", parsed.status().message());
    TemplateInput input;
    input.labels = &labels_;
    input.value = value_;
    input.exact = exact_;
    input.lines = &lines_;
    return parsed->Render(input);
  }

  Labels labels_{{"host", "mac1"}, {"job", "anka agent"}, {"n", "1536"}};
  int64_t value_ = 4;
  bool exact_ = true;
  std::vector<std::string> lines_ = {"E first", "E <second>"};
};

struct Rendered {
  absl::string_view text;
  absl::string_view result;
};

TEST_F(TemplateTest, PrintsTextAndInput) {
  const Rendered kCases[] = {
      {"", ""},
      {"plain } text }}", "plain } text }}"},
      {"{{ $labels.host }}", "mac1"},
      {"{{$labels.host}}!", "mac1!"},
      {"{{ .Labels.host }}", "mac1"},
      {"{{ $.Labels.host }}", "mac1"},
      {"[{{ $labels.nope }}]", "[]"},
      {"{{ $value }} {{ .Value }}", "4 4"},
      {"{{ $lines }}", "E first\nE <second>"},
      {"{{ .Lines }}", "E first\nE <second>"},
      {"{{ $labels }}", "map[host:mac1 job:anka agent n:1536]"},
      {"{{ \"a\\t\\\"b\\\"\" }}{{ `\\n` }}", "a\t\"b\"\\n"},
      {"{{ 5 }} {{ -3 }} {{ 5.50 }} {{ 1e6 }} {{ 0.00001 }} {{ true }}",
       "5 -3 5.5 1e+06 1e-05 true"},
  };
  for (const Rendered& c : kCases) EXPECT_EQ(Render(c.text), c.result) << c.text;
}

TEST_F(TemplateTest, TrimsSpaceBesideDashes) {
  const Rendered kCases[] = {
      {"a  {{- 1 -}}  b", "a1b"},         {"a  {{- 1 }}  b", "a1  b"},
      {"a \n\t{{ 1 -}}\n b", "a \n\t1b"}, {"a {{-1}} b", "a -1 b"},
      {"a {{- /* note */ -}} b", "ab"},   {"a{{/* note }} */}}b", "ab"},
      {"a{{ \"}}\" }}b", "a}}b"},
  };
  for (const Rendered& c : kCases) EXPECT_EQ(Render(c.text), c.result) << c.text;
}

TEST_F(TemplateTest, MakesNumbersReadable) {
  const Rendered kCases[] = {
      {"{{ humanize 0 }}", "0"},
      {"{{ humanize 4 }}", "4"},
      {"{{ humanize 1234567 }}", "1.235M"},
      {"{{ 0.00123 | humanize }}", "1.23m"},
      {"{{ humanize -1000 }}", "-1k"},
      {"{{ humanize1024 1048576 }}", "1Mi"},
      {"{{ $labels.n | humanize1024 }}", "1.5ki"},
      {"{{ humanize1024 0.5 }}", "0.5"},
      {"{{ humanizeDuration 0 }}", "0s"},
      {"{{ humanizeDuration 1.5 }}", "1.5s"},
      {"{{ humanizeDuration 0.00025 }}", "250us"},
      {"{{ humanizeDuration 60 }}", "1m 0s"},
      {"{{ humanizeDuration 3725 }}", "1h 2m 5s"},
      {"{{ humanizeDuration 86400 }}", "1d 0h 0m 0s"},
      {"{{ humanizeDuration -90.7 }}", "-1m 30s"},
      {"{{ humanizePercentage 0.1234567 }}", "12.35%"},
      {"{{ humanize $labels.host }}", "mac1"},
  };
  for (const Rendered& c : kCases) EXPECT_EQ(Render(c.text), c.result) << c.text;
}

TEST_F(TemplateTest, MarksACountThatIsALowerBoundWithAPlus) {
  exact_ = false;
  value_ = 10'000;
  const Rendered kCases[] = {
      {"{{ $value }}", "10000+"},
      {"{{ humanize $value }}", "10k+"},
      {"{{ printf \"%d %.1f %v\" $value $value $value }}", "10000+ 10000.0+ 10000+"},
      {"{{ if gt $value 9999 }}many{{ end }}", "many"},
  };
  for (const Rendered& c : kCases) EXPECT_EQ(Render(c.text), c.result) << c.text;
}

TEST_F(TemplateTest, ChangesTexts) {
  const Rendered kCases[] = {
      {"{{ toUpper $labels.job }}", "ANKA AGENT"},
      {"{{ \"ABC\" | toLower | title }}", "Abc"},
      {"{{ title $labels.job }}", "Anka Agent"},
      {"{{ printf \"%s-%d\" $labels.host $value }}", "mac1-4"},
      {"{{ printf \"%5.2f|%-4d|%04d|%+d|%%\" 3.14159 7 7 7 }}", " 3.14|7   |0007|+7|%"},
      {"{{ printf \"%6s|%-6s|%.2s|%q\" \"ab\" \"ab\" \"abc\" \"a\\\"\" }}",
       "    ab|ab    |ab|\"a\\\"\""},
      {"{{ printf \"%v %t\" 2.50 true }}", "2.5 true"},
      {"{{ printf \"%d\" $labels.host }}", "%!d(mac1)"},
      {"{{ $value | printf \"%s has %d\" $labels.host }}", "mac1 has 4"},
  };
  for (const Rendered& c : kCases) EXPECT_EQ(Render(c.text), c.result) << c.text;
}

TEST_F(TemplateTest, Decides) {
  const Rendered kCases[] = {
      {"{{ if $labels.host }}yes{{ else }}no{{ end }}", "yes"},
      {"{{ if $labels.nope }}yes{{ else }}no{{ end }}", "no"},
      {"{{ if eq $value 1 }}1{{ else if eq $value 2 4 }}2or4{{ else }}?{{ end }}!", "2or4!"},
      {"{{ if and (gt $value 3) (le $value 4) }}in{{ end }}", "in"},
      {"{{ if or (lt $value 3) (not (ne $value 4)) }}in{{ end }}", "in"},
      {"{{ or $labels.nope $labels.host \"x\" }}", "mac1"},
      {"{{ and $labels.nope $labels.host }}", ""},
      {"{{ if eq $labels.host \"mac1\" }}a{{ end }}", "a"},
      {"{{ if lt \"10\" \"9\" }}text{{ end }}", "text"},
      {"{{ if ge $value 3.5 }}num{{ end }}", "num"},
      {"{{ if eq (len $lines) 2 }}two{{ end }}", "two"},
  };
  for (const Rendered& c : kCases) EXPECT_EQ(Render(c.text), c.result) << c.text;
}

TEST_F(TemplateTest, GoesOverLinesAndLabels) {
  const Rendered kCases[] = {
      {"{{ range $lines }}- {{ . }}\n{{ end }}", "- E first\n- E <second>\n"},
      {"{{ range $i, $l := $lines }}{{ $i }}:{{ $l }};{{ end }}", "0:E first;1:E <second>;"},
      {"{{ range $l := .Lines }}{{ len $l }} {{ end }}", "7 10 "},
      {"{{ range $k, $v := $labels }}{{ $k }}={{ $v }},{{ end }}",
       "host=mac1,job=anka agent,n=1536,"},
      {"{{ range $lines }}{{ range $.Lines }}x{{ end }}{{ $.Value }}{{ end }}", "xx4xx4"},
      {"{{ index $lines 1 }}|{{ index $lines 9 }}|{{ index $labels \"host\" }}",
       "E <second>||mac1"},
      {"{{ $h := $labels.host }}{{ range $lines }}{{ $h }} {{ end }}", "mac1 mac1 "},
      {"{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}", "21"},
  };
  for (const Rendered& c : kCases) EXPECT_EQ(Render(c.text), c.result) << c.text;
  lines_.clear();
  EXPECT_EQ(Render("{{ range $lines }}x{{ else }}none{{ end }}"), "none");
}

TEST_F(TemplateTest, NeverExpandsWhatAValueHolds) {
  labels_.Set("host", "{{ $value }}${HOME}%s%n\n\"<script>");
  lines_ = {"{{ range $lines }}"};
  EXPECT_EQ(Render("{{ $labels.host }}"), "{{ $value }}${HOME}%s%n\n\"<script>");
  EXPECT_EQ(Render("{{ printf \"%s\" $labels.host }}"), "{{ $value }}${HOME}%s%n\n\"<script>");
  EXPECT_EQ(Render("{{ $lines }}"), "{{ range $lines }}");
}

TEST_F(TemplateTest, KnowsWhetherItShowsTheValueOrTheLines) {
  EXPECT_FALSE(Template::Parse("{{ $labels.x }}")->uses_value());
  EXPECT_TRUE(Template::Parse("{{ if gt .Value 3 }}{{ end }}")->uses_value());
  EXPECT_FALSE(Template::Parse("{{ .Value }}")->uses_lines());
  EXPECT_TRUE(Template::Parse("{{ range $lines }}{{ end }}")->uses_lines());
}

TEST_F(TemplateTest, EndsAt64KiBWithoutCuttingACharacter) {
  lines_.assign(100, std::string(1000, 'x') + "\xC3\xA9");
  const std::string text = Render("{{ $lines }}{{ $lines }}");
  EXPECT_LE(text.size(), 64u * 1024);
  EXPECT_GT(text.size(), 64u * 1024 - 4);
  EXPECT_EQ(ValidUtf8Prefix(text), text.size());
}

TEST_F(TemplateTest, StopsARangeThatWouldGoOnForAges) {
  lines_.assign(100, "");
  std::string text, ends;
  for (int i = 0; i < 30; ++i) {
    text += "{{ range $.Lines }}";
    ends += "{{ end }}";
  }
  EXPECT_LE(Render(text + "x" + ends).size(), 64u * 1024);
}

TEST_F(TemplateTest, StopsTextsThatDoubleThemselves) {
  std::string text = "{{ $a0 := $lines }}{{ $a0 := printf \"%s\" $a0 }}";
  for (int i = 0; i < 200; ++i) {
    absl::StrAppend(&text, "{{ $a", i + 1, " := printf \"%s%s\" $a", i, " $a", i, " }}");
  }
  EXPECT_LE(Render(text + "{{ $a200 }}").size(), 64u * 1024);
}

struct BadTemplate {
  std::string text;
  size_t offset;
  absl::string_view message;
};

TEST_F(TemplateTest, SaysWhatIsWrongAndWhere) {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "{{ if true }}";
  const BadTemplate kCases[] = {
      {"ab {{ $value", 3, "has no }}"},
      {"{{ \"x }}", 3, "no closing"},
      {"{{ }}", 3, "expected a value"},
      {"{{ $labls.x }}", 3, "unknown variable \"$labls\""},
      {"{{ $externalURL }}", 3, "unknown variable"},
      {"{{ humanise $value }}", 3, "unknown function \"humanise\""},
      {"{{ query \"up\" }}", 3, "unknown function"},
      {"{{ $value.x }}", 9, "a number has no .x"},
      {"{{ $labels.a.b }}", 12, "a text has no .b"},
      {"{{ .Lables.x }}", 3, "there is no .Lables"},
      {"{{ . }}", 3, ". stands for everything"},
      {"{{ $ }}", 3, ". stands for everything"},
      {"{{ len . }}", 3, ". stands for everything"},
      {"{{ if true }}", 3, "this if has no end"},
      {"{{ range $lines }}x", 3, "this range has no end"},
      {"x{{ end }}", 4, "no if or range for this end"},
      {"x{{ else }}", 4, "no if or range for this else"},
      {"{{ if true }}{{ else }}{{ else }}{{ end }}", 26, "a second else"},
      {"{{ range $value }}{{ end }}", 9, "range goes over"},
      {"{{ range $lines }}{{ .Labels.x }}{{ end }}", 21, "within a range"},
      {"{{ humanize }}", 3, "humanize takes 1 value, here are 0"},
      {"{{ humanize 1 2 }}", 3, "humanize takes 1 value, here are 2"},
      {"{{ $value 2 }}", 10, "two values without a function"},
      {"{{ $value | 3 }}", 12, "behind a | stands a function"},
      {"{{ printf $labels.x }}", 10, "format in quotes"},
      {"{{ printf \"%s\" }}", 10, "has 1 verbs, and there are 0 values"},
      {"{{ printf \"%y\" 1 }}", 10, "no verb %y"},
      {"{{ printf \"%9999d\" 1 }}", 10, "too large"},
      {"{{ printf \"%\" }}", 10, "ends within a verb"},
      {"{{ eq $labels.x 5 }}", 3, "eq compares a text with a number"},
      {"{{ eq $lines $lines }}", 3, "cannot compare a list of lines"},
      {"{{ index $value 1 }}", 3, "index looks into"},
      {"{{ index $lines \"a\" }}", 3, "looked up by a number"},
      {"{{ ($value }}", 11, "expected ) here"},
      {"{{ $value) }}", 9, "expected }} here"},
      {"{{ 5x }}", 3, "is not a number"},
      {"{{ 'x' }}", 3, "double quotes"},
      {"{{ $x = 3 }}", 6, "= is not for templates"},
      {"{{ ; }}", 3, "means nothing in a template"},
      {"{{/* x }}", 0, "this comment has no */"},
      {"{{ foo }}", 3, "unknown function"},
      {"{{ printf \"%s\" foo }}", 15, "is not a value"},
      {"{{ with $x }}{{ end }}", 3, "unknown function \"with\""},
      {deep, 419, "more than 32 levels"},
  };
  for (const BadTemplate& c : kCases) {
    const absl::StatusOr<Template> parsed = Template::Parse(c.text);
    ASSERT_FALSE(parsed.ok()) << c.text;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(std::string(c.message)));
    EXPECT_EQ(TextFaultOffset(parsed.status()), c.offset) << c.text;
  }
}

TEST_F(TemplateTest, SurvivesRandomTexts) {
  constexpr uint32_t kSeed = 11;
  constexpr absl::string_view kParts[] = {"{{",
                                          "}}",
                                          "{{-",
                                          "-}}",
                                          "$labels",
                                          ".host",
                                          "$value",
                                          "$lines",
                                          "if",
                                          "else",
                                          "end",
                                          "range",
                                          "$i",
                                          ",",
                                          "$l",
                                          ":=",
                                          "|",
                                          "(",
                                          ")",
                                          "printf",
                                          "\"%s\"",
                                          "humanize",
                                          "index",
                                          "1",
                                          "-2.5",
                                          ".",
                                          "$",
                                          "/*",
                                          "*/",
                                          "eq",
                                          "true",
                                          "\"",
                                          "`",
                                          "\\",
                                          "\xff",
                                          "text",
                                          "{{ if $value }}",
                                          "{{ end }}",
                                          "{{ range $lines }}",
                                          "{{ $value }}",
                                          "{{ else }}"};
  std::mt19937 random(kSeed);
  int parsed_count = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (size_t n = random() % 10; n > 0; --n) {
      absl::StrAppend(&text, kParts[random() % std::size(kParts)], random() % 3 == 0 ? "" : " ");
    }
    const absl::StatusOr<Template> parsed = Template::Parse(text);
    if (!parsed.ok()) {
      ASSERT_LE(TextFaultOffset(parsed.status()), text.size()) << "seed " << kSeed << ": " << text;
      continue;
    }
    ++parsed_count;
    TemplateInput input;
    parsed->Render(input);
    input.labels = &labels_;
    input.lines = &lines_;
    parsed->Render(input);
  }
  EXPECT_GT(parsed_count, 1000) << "seed " << kSeed;
}

}  // namespace
}  // namespace tallybell
