// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/selector.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;

bool Selects(absl::string_view text, const Labels& stream) {
  const absl::StatusOr<Selector> selector = Selector::Parse(text);
  EXPECT_TRUE(selector.ok()) << text << ": " << selector.status();
  return selector.ok() && selector->Matches(stream);
}

TEST(SelectorTest, SelectsEveryStreamIfItSaysNothing) {
  EXPECT_TRUE(Selector().Matches(Labels()));
  EXPECT_TRUE(Selects("{}", Labels({{"a", "b"}})));
}

TEST(SelectorTest, HoldsWhereAllOfItsMatchersDo) {
  const Labels stream({{"job", "anka-agent"}, {"host", "mac12"}});
  EXPECT_TRUE(Selects(R"({job="anka-agent"})", stream));
  EXPECT_TRUE(Selects(R"( { job = "anka-agent" , host =~ 'mac[0-9]+' , } )", stream));
  EXPECT_FALSE(Selects(R"({job="anka-agent", host="mac1"})", stream));
  EXPECT_TRUE(Selects("{job!=`etcd`, host!~`mac[3-9].*`}", stream));
}

TEST(SelectorTest, AnchorsRegexes) {
  const Labels stream({{"host", "mac12"}});
  EXPECT_FALSE(Selects(R"({host=~"mac"})", stream));
  EXPECT_TRUE(Selects(R"({host!~"mac"})", stream));
  EXPECT_TRUE(Selects(R"({host=~"linux1|mac.*"})", stream));
  EXPECT_FALSE(Selects(R"({host=~"mac1|linux"})", stream));
}

TEST(SelectorTest, TakesANameThatTheStreamDoesNotHaveAsTheEmptyText) {
  const Labels stream({{"host", "mac12"}});
  EXPECT_TRUE(Selects(R"({job=""})", stream));
  EXPECT_FALSE(Selects(R"({job!=""})", stream));
  EXPECT_TRUE(Selects(R"({job=~".*"})", stream));
  EXPECT_FALSE(Selects(R"({job=~".+"})", stream));
}

struct BadSelector {
  absl::string_view text;
  size_t offset;
  absl::string_view message;
};

TEST(SelectorTest, SaysWhatIsWrongAndWhere) {
  const BadSelector kCases[] = {
      {"", 0, "begins with {"},
      {"job=\"x\"", 0, "begins with {"},
      {"{job=\"x\"", 8, "expected , or }"},
      {"{job=x}", 5, "quoted value"},
      {"{job==\"x\"}", 4, "== is not an operator"},
      {"{job>\"x\"}", 4, "expected =, !=, =~ or !~"},
      {"{=\"x\"}", 1, "name of a label"},
      {"{1a=\"x\"}", 1, "name of a label"},
      {"{job=\"x}", 5, "no closing \""},
      {"{job=\"a\\d\"}", 7, "unknown escape"},
      {"{job=~\"a(b\"}", 7, "missing )"},
      {"{job=\"x\"} y", 10, "nothing may follow"},
      {"{job=\"x\" host=\"y\"}", 9, "expected , or }"},
      {"{,}", 1, "name of a label"},
  };
  for (const BadSelector& c : kCases) {
    const absl::StatusOr<Selector> selector = Selector::Parse(c.text);
    ASSERT_FALSE(selector.ok()) << c.text;
    EXPECT_THAT(std::string(selector.status().message()), HasSubstr(std::string(c.message)));
    EXPECT_EQ(TextFaultOffset(selector.status()), c.offset) << c.text;
  }
}

}  // namespace
}  // namespace tallybell
