// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/utf8.h"

#include <cstdint>
#include <random>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// UTF-8 by its definition: the code point is put together and judged as a number.
size_t SlowCharacterLength(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t length = 1;
  uint32_t point = byte(0);
  if ((byte(0) & 0xE0) == 0xC0) {
    length = 2;
    point = byte(0) & 0x1F;
  } else if ((byte(0) & 0xF0) == 0xE0) {
    length = 3;
    point = byte(0) & 0x0F;
  } else if ((byte(0) & 0xF8) == 0xF0) {
    length = 4;
    point = byte(0) & 0x07;
  } else if (byte(0) >= 0x80) {
    return 0;
  }
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3F);
  }
  static constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kSmallest[length] || point > 0x10FFFF) return 0;
  if (point >= 0xD800 && point <= 0xDFFF) return 0;
  return length;
}

std::string SlowValid(absl::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = SlowCharacterLength(text);
    absl::StrAppend(&out, length > 0 ? text.substr(0, length) : kReplacementCharacter);
    text.remove_prefix(length > 0 ? length : 1);
  }
  return out;
}

std::string Valid(absl::string_view text) {
  std::string out;
  AppendValidUtf8(text, &out);
  return out;
}

std::string Quoted(absl::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

// Bytes at which UTF-8 changes its mind, more often than chance would have them.
std::string RandomText(std::mt19937* random) {
  static constexpr absl::string_view kBytes(
      "\x00\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5"
      "\xff",
      24);
  std::string text;
  for (size_t i = 0, n = (*random)() % 40; i < n; ++i) {
    text.push_back((*random)() % 3 == 0 ? 'a' : kBytes[(*random)() % kBytes.size()]);
  }
  return text;
}

TEST(Utf8Test, EveryStringOfUpToThreeBytesIsJudgedByItsCodePoint) {
  std::string text;
  for (int a = 0; a < 256; ++a) {
    text.assign(1, static_cast<char>(a));
    ASSERT_EQ(ValidUtf8Prefix(text) > 0, SlowCharacterLength(text) > 0) << a;
    for (int b = 0; b < 256; ++b) {
      text.assign({static_cast<char>(a), static_cast<char>(b)});
      ASSERT_EQ(Valid(text), SlowValid(text)) << absl::CHexEscape(text);
      for (const int c : {0x00, 0x7f, 0x80, 0xbf, 0xc0}) {
        text.assign({static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)});
        ASSERT_EQ(Valid(text), SlowValid(text)) << absl::CHexEscape(text);
      }
    }
  }
}

TEST(Utf8Test, RandomBytesBecomeTheSameTextAsBySlowReading) {
  constexpr uint32_t kSeed = 13;
  std::mt19937 random(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = RandomText(&random);
    ASSERT_EQ(Valid(text), SlowValid(text)) << absl::CHexEscape(text) << ", seed " << kSeed;
    ASSERT_EQ(ValidUtf8Prefix(Valid(text)), Valid(text).size()) << "seed " << kSeed;
  }
}

TEST(Utf8Test, EachBadByteIsOneReplacementCharacter) {
  EXPECT_EQ(Valid("a\xff\xfe z"), "a\xEF\xBF\xBD\xEF\xBF\xBD z");
  EXPECT_EQ(Valid("\xe6\x97"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(Valid("日本\xe6"), "日本\xEF\xBF\xBD");
}

TEST(Utf8Test, ABadByteIsFoundWhereverItStandsInAWord) {
  for (size_t at = 0; at < 24; ++at) {
    std::string text(24, 'a');
    text[at] = '\x80';
    EXPECT_EQ(ValidUtf8Prefix(text), at);
  }
}

TEST(Utf8TruncateTest, DoesNotEndInsideACharacter) {
  EXPECT_EQ(Utf8Truncate("abc", 3), "abc");
  EXPECT_EQ(Utf8Truncate("abc", 2), "ab");
  EXPECT_EQ(Utf8Truncate("a日b", 3), "a");
  EXPECT_EQ(Utf8Truncate("a日b", 4), "a日");
  EXPECT_EQ(Utf8Truncate("\xf0\x9f\x94\x94", 3), "");
  EXPECT_EQ(Utf8Truncate("abc", 0), "");
}

TEST(Utf8TruncateTest, BytesThatAreNotUtf8CostNoMoreThanACharacter) {
  EXPECT_EQ(Utf8Truncate(std::string(100, '\x80'), 50), std::string(50, '\x80'));
  EXPECT_EQ(Utf8Truncate(absl::StrCat("a", std::string(100, '\x80')), 50).size(), 50u);
}

TEST(Utf8TruncateTest, IsTheLongestValidPrefixThatFits) {
  constexpr uint32_t kSeed = 14;
  std::mt19937 random(kSeed);
  for (int i = 0; i < 5'000; ++i) {
    const std::string text = Valid(RandomText(&random));
    const size_t max_bytes = random() % 40;
    size_t longest = 0;
    for (size_t n = 0; n <= std::min(max_bytes, text.size()); ++n) {
      if (ValidUtf8Prefix(absl::string_view(text).substr(0, n)) == n) longest = n;
    }
    ASSERT_EQ(Utf8Truncate(text, max_bytes).size(), longest)
        << absl::CHexEscape(text) << " " << max_bytes << ", seed " << kSeed;
  }
}

TEST(AppendQuotedTest, EscapesWhatEndsAStringOrALine) {
  EXPECT_EQ(Quoted("plain ünïcödé"), "\"plain ünïcödé\"");
  EXPECT_EQ(Quoted("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(Quoted("a\nb\tc\rd"), R"("a\nb\tc\rd")");
}

TEST(AppendQuotedTest, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(Quoted(absl::string_view("\x1b[2J\0\x7f", 6)), R"("\u001b[2J\u0000\u007f")");
  // U+009B is CSI of one character, U+0085 a new line.
  EXPECT_EQ(Quoted("\xc2\x9b"
                   "31m\xc2\x85"),
            R"("\u009b31m\u0085")");
  // As a bare byte it is not UTF-8.
  EXPECT_EQ(Quoted("\x9b"
                   "31m"),
            "\"\xEF\xBF\xBD"
            "31m\"");
  EXPECT_EQ(Quoted("\xc2\xa0"), "\"\xc2\xa0\"");
  EXPECT_EQ(Quoted("\xc2"), "\"\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace tallybell
