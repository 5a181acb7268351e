// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/yaml_fields.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;

class YamlFieldsTest : public ::testing::Test {
 protected:
  // The fields of a text's outermost map.
  YamlFields Read(absl::string_view text) {
    document_ = YamlDocument::Parse("c.yaml", text, &diagnostics_);
    return YamlFields(YamlScope(&document_, &diagnostics_).Within("sinks"), document_.root());
  }

  YamlDocument document_;
  Diagnostics diagnostics_;
};

TEST_F(YamlFieldsTest, ReadsEveryKindOfValue) {
  YamlFields fields =
      Read("{s: text, b: true, i: -3, d: 1h30m, z: 64KiB, l: [a, b], one: a, null_value: }");
  EXPECT_EQ(fields.String("s", ""), "text");
  EXPECT_TRUE(fields.Bool("b", false));
  EXPECT_EQ(fields.Integer("i", 0, -5, 5), -3);
  EXPECT_EQ(fields.Duration("d", 0), 90 * kMinute);
  EXPECT_EQ(fields.Size("z", 0), 65536);
  EXPECT_THAT(fields.Strings("l"), ElementsAre("a", "b"));
  EXPECT_THAT(fields.Strings("one"), ElementsAre("a"));
  EXPECT_EQ(fields.Find("null_value"), nullptr);
  fields.Finish();
  EXPECT_EQ(diagnostics_.ToString(), "");
}

TEST_F(YamlFieldsTest, ReturnsTheDefaultWhereAKeyIsAbsent) {
  YamlFields fields = Read("{}");
  EXPECT_EQ(fields.String("s", "x"), "x");
  EXPECT_TRUE(fields.Bool("b", true));
  EXPECT_EQ(fields.Integer("i", 7, 0, 9), 7);
  EXPECT_EQ(fields.Duration("d", kSecond), kSecond);
  EXPECT_EQ(fields.Size("z", 5), 5);
  EXPECT_THAT(fields.Strings("l"), ElementsAre());
  EXPECT_EQ(diagnostics_.ToString(), "");
}

TEST_F(YamlFieldsTest, ReportsEveryFaultAtOnceAndGoesOn) {
  YamlFields fields =
      Read("s: [a]\nb: yes\ni: 10\nd: soon\nlong: 2d\nz: huge\nl: [a, [b]]\nm: {}\nurl: x\n");
  EXPECT_EQ(fields.String("s", "x"), "x");
  EXPECT_FALSE(fields.Bool("b", false));
  EXPECT_EQ(fields.Integer("i", 7, 0, 9), 7);
  EXPECT_EQ(fields.Duration("d", kSecond), kSecond);
  EXPECT_EQ(fields.Duration("long", kSecond, kDay), kSecond);
  EXPECT_EQ(fields.Size("z", 5), 5);
  EXPECT_THAT(fields.Strings("l"), ElementsAre("a"));
  EXPECT_THAT(fields.Strings("m"), ElementsAre());
  fields.Find("urls");
  fields.Finish();
  EXPECT_EQ(diagnostics_.ToString(),
            "c.yaml:1:4: error: sinks > s: expected a text, found a list\n"
            "c.yaml:2:4: error: sinks > b: \"yes\" is not true or false\n"
            "c.yaml:3:4: error: sinks > i: \"10\" is not a whole number from 0 to 9\n"
            "c.yaml:4:4: error: sinks > d: \"soon\" is not a duration: expected a number and a "
            "unit, like 90s, 20m or 1h30m\n"
            "c.yaml:5:7: error: sinks > long: \"2d\" is longer than 1d\n"
            "c.yaml:6:4: error: sinks > z: \"huge\" is not a size (write it as 4096, 64KiB or "
            "1.5GB)\n"
            "c.yaml:7:8: error: sinks > l: expected a text, found a list\n"
            "c.yaml:8:4: error: sinks > m: expected a text or a list of texts, found a map\n"
            "c.yaml:9:1: error: sinks: unknown key \"url\" (did you mean \"urls\"?)\n");
}

TEST_F(YamlFieldsTest, ReadsAsEmptyWhatIsNoMap) {
  YamlFields fields = Read("[a]");
  EXPECT_EQ(fields.String("s", "x"), "x");
  fields.Finish();
  EXPECT_EQ(diagnostics_.ToString(), "c.yaml:1:1: error: sinks: expected a map, found a list\n");
}

}  // namespace
}  // namespace tallybell
