// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/clean_text.h"

#include "engine/base/utf8.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(CleanTextTest, DropsNulReplacesBadBytesAndCutsBetweenCharacters) {
  EXPECT_EQ(CleanText(absl::string_view("a\0b", 3), 10), "ab");
  EXPECT_EQ(CleanText("a\xff", 10), "a\xEF\xBF\xBD");
  EXPECT_EQ(CleanText("\xc3\xa9\xc3\xa9", 3), "\xc3\xa9");
  EXPECT_EQ(CleanText("", 10), "");
}

TEST(CleanTextTest, AnIdentityThatIsCutStaysDistinct) {
  const std::string a = CleanIdentity(std::string(100, 'x') + "a", 64);
  const std::string b = CleanIdentity(std::string(100, 'x') + "b", 64);
  EXPECT_NE(a, b);
  EXPECT_EQ(a.size(), 64u);
  EXPECT_EQ(CleanIdentity("short", 64), "short");
}

TEST(CleanTextTest, MakesLabelNames) {
  EXPECT_EQ(CleanLabelName("a.b-c:d"), "a_b_c_d");
  EXPECT_EQ(CleanLabelName("1x"), "_1x");
  EXPECT_EQ(CleanLabelName(""), "_");
  EXPECT_EQ(CleanLabelName("\xc3\xa9"), "__");
}

}  // namespace
}  // namespace tallybell
