// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/push_labels.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;

std::string Parse(absl::string_view text) {
  const absl::StatusOr<Labels> labels = ParsePushLabels(text, PushLabelLimits());
  return labels.ok() ? FormatLabels(*labels) : std::string(labels.status().message());
}

TEST(PushLabelsTest, ReadsLabelsAsPrometheusWritesThem) {
  EXPECT_EQ(Parse("{}"), "{}");
  EXPECT_EQ(Parse("{b=\"2\", a=\"1\"}"), "{a=\"1\", b=\"2\"}");
  EXPECT_EQ(Parse(" { a = \"1\" , } "), "{a=\"1\"}");
  EXPECT_EQ(Parse("{a=\"\", b=`x\\y`}"), FormatLabels(Labels{{"b", "x\\y"}}));
}

TEST(PushLabelsTest, ReadsTheEscapesOfGo) {
  const absl::StatusOr<Labels> labels =
      ParsePushLabels(R"({a="\a\b\f\n\r\t\v\\\"\x41\101\u00e9\U0001F600"})", PushLabelLimits());
  ASSERT_TRUE(labels.ok()) << labels.status();
  EXPECT_EQ(labels->Get("a"), "\a\b\f\n\r\t\v\\\"AA\xC3\xA9\xF0\x9F\x98\x80");
}

TEST(PushLabelsTest, SaysWhatIsWrong) {
  for (const char* const text : {"",
                                 "{",
                                 "{a",
                                 "{a=",
                                 "{a=\"",
                                 "{a=\"1\"",
                                 "{a=\"1\" b=\"2\"}",
                                 "{a=\"1\"}x",
                                 "{a=1}",
                                 "{a-b=\"1\"}",
                                 "{1a=\"1\"}",
                                 "{a=\"\\q\"}",
                                 "{a=\"\\x4\"}",
                                 "{a=\"\\400\"}",
                                 "{a=\"\\uD800\"}",
                                 "{a=\"\\U00110000\"}",
                                 "{a=`1}",
                                 "{a!=\"1\"}",
                                 "{a=~\"1\"}",
                                 "{,}"}) {
    EXPECT_THAT(Parse(text), HasSubstr("couldn't parse labels: ")) << text;
  }
  EXPECT_THAT(Parse("{a=\"1\", a=\"2\"}"), HasSubstr("duplicate label name: 'a'"));
}

TEST(PushLabelsTest, KeepsToLokisLimits) {
  std::string text = "{";
  for (int i = 0; i < 15; ++i) absl::StrAppend(&text, "l", i, "=\"v\",");
  EXPECT_EQ(Parse(text + "empty=\"\"}").find("couldn't"), std::string::npos);
  EXPECT_THAT(Parse(text + "more=\"v\"}"), HasSubstr("has 16 label names; limit 15"));
  EXPECT_THAT(Parse("{a=\"" + std::string(2049, 'x') + "\"}"), HasSubstr("value too long"));
  EXPECT_THAT(Parse("{" + std::string(1025, 'x') + "=\"v\"}"), HasSubstr("name too long"));
  EXPECT_LT(Parse("{a=\"" + std::string(100'000, 'x') + "\"}").size(), 1000u);
}

}  // namespace
}  // namespace tallybell
