// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/json_string.h"

#include <cstdint>
#include <iterator>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "engine/base/json_text.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

std::string Decode(absl::string_view raw) {
  std::string out = "what was there before";
  DecodeJsonString(raw, &out);
  return out;
}

TEST(JsonStringTest, DecodesEveryEscape) {
  EXPECT_EQ(Decode(""), "");
  EXPECT_EQ(Decode("plain"), "plain");
  EXPECT_EQ(Decode(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(Decode(R"(a\u0041\u00e9\u65E5\u001b[0m)"), "aA\u00e9\u65e5\x1b[0m");
  EXPECT_EQ(Decode(R"(\u0000)"), std::string(1, '\0'));
  EXPECT_EQ(Decode(R"(C:\\temp\\u0041)"), "C:\\temp\\u0041");
}

TEST(JsonStringTest, TwoSurrogatesThatBelongTogetherAreOneCharacter) {
  EXPECT_EQ(Decode(R"(\ud83d\ude00)"), "\U0001F600");
  EXPECT_EQ(Decode(R"(\uDBFF\uDFFF)"), "\U0010FFFF");
}

TEST(JsonStringTest, ASurrogateAloneIsTheReplacementCharacter) {
  EXPECT_EQ(Decode(R"(a\ud83d)"), "a\uFFFD");
  EXPECT_EQ(Decode(R"(\ud83dx)"), "\uFFFDx");
  EXPECT_EQ(Decode(R"(\ude00)"), "\uFFFD");
  EXPECT_EQ(Decode(R"(\ud83d\u0041)"), "\uFFFD\x41");
  EXPECT_EQ(Decode(R"(\ud83d\ud83d\ude00)"), "\uFFFD\U0001F600");
}

TEST(JsonStringTest, WhatIsNoEscapeOfJsonHarmsNothing) {
  EXPECT_EQ(Decode(R"(\x41)"), "\uFFFD\x34\x31");
  EXPECT_EQ(Decode(R"(\u12)"), "\uFFFD\x31\x32");
  EXPECT_EQ(Decode("end\\"), "end");
  EXPECT_EQ(Decode("\xff\xfe"), "\xff\xfe");
}

TEST(JsonStringTest, AgreesWithTheLibraryOnAnyString) {
  constexpr uint32_t kSeed = 20240503;
  SCOPED_TRACE(absl::StrCat("seed ", kSeed));
  std::mt19937 random(kSeed);
  static constexpr absl::string_view kPieces[] = {
      "a",       "\\\\", "\\\"", "\\/",  "\\n",
      "\\t",     "\\b",  "\\f",  "\\r",  "\\u0041",
      "\\u00E9", "é",    "日",   "text", "\\ud83d\\ude00",
      "\\u2028"};
  for (int i = 0; i < 20'000; ++i) {
    std::string raw;
    for (size_t n = random() % 8; n > 0; --n) {
      if (random() % 4 == 0) {
        uint32_t unit = random() % 0x10000;
        if (unit >= 0xD800 && unit < 0xE000) unit -= 0x1000;
        if (random() % 2 == 0) {
          absl::StrAppendFormat(&raw, "\\u%04x", unit);
        } else {
          absl::StrAppendFormat(&raw, "\\u%04X", unit);
        }
      } else {
        absl::StrAppend(&raw, kPieces[random() % std::size(kPieces)]);
      }
    }
    const auto json = ParseJson(absl::StrCat("\"", raw, "\""));
    ASSERT_TRUE(json.ok()) << raw;
    ASSERT_EQ(Decode(raw), json->get<std::string>()) << raw;
  }
}

}  // namespace
}  // namespace tallybell
