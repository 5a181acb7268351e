// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/status_html.h"

#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "engine/base/utf8.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

std::string Line(absl::string_view text) { return StatusHtml().Line(text).text(); }
std::string Text(absl::string_view text) { return StatusHtml().Text(text).text(); }

TEST(StatusHtmlTest, WhatMarkupIsMadeOfIsEscaped) {
  EXPECT_EQ(Line("<script>alert('x') & \"y\"</script>"),
            "&lt;script&gt;alert(&#39;x&#39;) &amp; &quot;y&quot;&lt;/script&gt;");
  EXPECT_EQ(StatusHtml().Tag("<b>").Text("<i>").Tag("</b>").text(), "<b>&lt;i&gt;</b>");
}

TEST(StatusHtmlTest, WhatCannotBeSeenIsNamed) {
  EXPECT_EQ(Line("\x1b[31mred"), "␛[31mred");
  EXPECT_EQ(Line(absl::string_view("a\0b\x7f", 4)), "a␀b␡");
  EXPECT_EQ(Line("a\nb\tc\r"), "a␊b␉c␍");
  EXPECT_EQ(Text("a\nb\tc\r"), "a\nb\tc␍");
  EXPECT_EQ(Line("evil\u202Etxt.exe"), "evil[U+202E]txt.exe");
  EXPECT_EQ(Line("\u200B\uFEFF\u2028\u0085\u061C\u00AD"),
            "[U+200B][U+FEFF][U+2028][U+0085][U+061C][U+00AD]");
  EXPECT_EQ(Line("\xF3\xA0\x81\x81"), "[U+E0041]");
  // XML knows no such characters, whatever is written for them.
  EXPECT_EQ(Line("\xEF\xBF\xBE|\xEF\xBF\xBF|\xF0\x9F\xBF\xBE"), "\uFFFD|\uFFFD|\uFFFD");
  EXPECT_EQ(Line("Grüße, 你好, 🔔"), "Grüße, 你好, 🔔");
}

TEST(StatusHtmlTest, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(Line("a\xff<\xc3"), "a\uFFFD&lt;\uFFFD");
}

TEST(StatusHtmlTest, WhatIsLongIsCutBetweenCharactersAndSaysSo) {
  EXPECT_EQ(StatusHtml().Line("äöü", 4).text(), "äö… (6 bytes)");
  EXPECT_EQ(StatusHtml().Line("äöü", 5).text(), "äö… (6 bytes)");
  EXPECT_EQ(StatusHtml().Line("äöü", 6).text(), "äöü");
  const std::string cut = Line(std::string(100'000, 'x'));
  EXPECT_EQ(cut, std::string(StatusHtml::kMaxLine, 'x') + "… (100,000 bytes)");
}

TEST(StatusHtmlTest, NoBytesAtAllComeOutAsMarkup) {
  static constexpr const char* kEntities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
  static constexpr char kNasty[] = "<>&\"'\n\r\t\x1b\x7f\xe2\x80\xae\xff\xc3\xf0";
  for (uint32_t seed = 1; seed <= 2'000; ++seed) {
    std::mt19937 random(seed);
    std::string bytes;
    for (size_t i = random() % 40; i > 0; --i) {
      bytes.push_back(random() % 2 == 0 ? static_cast<char>(random())
                                        : kNasty[random() % (sizeof(kNasty) - 1)]);
    }
    std::string line = Line(bytes);
    ASSERT_EQ(ValidUtf8Prefix(line), line.size()) << "seed " << seed;
    for (const char* entity : kEntities) absl::StrReplaceAll({{entity, "_"}}, &line);
    for (const char c : line) {
      ASSERT_FALSE(absl::StrContains("<>&\"'\x7f", absl::string_view(&c, 1))) << "seed " << seed;
      ASSERT_FALSE(c >= 0 && c < ' ') << "seed " << seed;
    }
  }
}

TEST(StatusHtmlTest, AnInstantHasItsDateWhereItIsNotTodays) {
  const TimeNs t = *ParseRfc3339("2026-11-21T02:13:07.5Z");
  EXPECT_EQ(StatusHtml().Time(t, t + kHour).text(),
            "<time datetime=\"2026-11-21T02:13:07.500Z\">02:13:07</time>");
  EXPECT_EQ(StatusHtml().Time(t, t + kDay).text(),
            "<time datetime=\"2026-11-21T02:13:07.500Z\">2026-11-21 02:13:07</time>");
  EXPECT_EQ(StatusHtml().Time(kNoTime, t).text(), "not yet");
}

}  // namespace
}  // namespace tallybell
