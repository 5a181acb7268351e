// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/json_text.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;

TEST(JsonTextTest, KeysKeepTheirOrder) {
  Json value;
  value["z"] = 1;
  value["a"] = nullptr;
  value["m"] = {1, 2};
  EXPECT_EQ(DumpJson(value), R"({"z":1,"a":null,"m":[1,2]})");
  EXPECT_EQ(DumpJson(*ParseJson(R"({ "z": 1, "a": null, "m": [1, 2] })")), DumpJson(value));
}

TEST(JsonTextTest, BytesThatAreNotUtf8BecomeReplacementCharacters) {
  EXPECT_EQ(DumpJson(Json("a\xff b\xc3")), "\"a\xEF\xBF\xBD b\xEF\xBF\xBD\"");
  EXPECT_EQ(DumpJson(Json("日本")), "\"日本\"");
  Json key;
  key["k\xff"] = 1;
  EXPECT_EQ(DumpJson(key), "{\"k\xEF\xBF\xBD\":1}");
}

TEST(JsonTextTest, ALineStaysOneLine) {
  EXPECT_EQ(DumpJson(Json(std::string("a\nb\r\0c\x1b[31m", 11))), R"("a\nb\r\u0000c\u001b[31m")");
}

TEST(JsonTextTest, WhatIsNotJsonIsAnErrorAndNoException) {
  for (const absl::string_view text : {"", " ", "{", "[1,]", "{\"a\"}", "nul", "1 2", "\"a\nb\"",
                                       "\"\xff\"", "{'a':1}", "NaN", "// comment\n1"}) {
    EXPECT_EQ(ParseJson(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(JsonTextTest, NestingIsBounded) {
  const auto nested = [](int n) {
    return absl::StrCat(std::string(n, '['), "1", std::string(n, ']'));
  };
  EXPECT_TRUE(ParseJson(nested(32)).ok());
  EXPECT_THAT(ParseJson(nested(33)).status().message(), HasSubstr("deeper than 32"));
  EXPECT_TRUE(ParseJson(nested(2), 2).ok());
  EXPECT_FALSE(ParseJson(nested(3), 2).ok());
  EXPECT_TRUE(ParseJson("1", 0).ok());
  EXPECT_FALSE(ParseJson("[]", 0).ok());
  EXPECT_THAT(ParseJson(R"({"a":{"b":{}}})", 2).status().message(), HasSubstr("deeper than 2"));
}

TEST(JsonTextTest, AMillionBracketsDoNotExhaustTheStack) {
  EXPECT_FALSE(ParseJson(std::string(1'000'000, '[')).ok());
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"\":";
  EXPECT_FALSE(ParseJson(objects).ok());
}

TEST(JsonTextTest, AnObjectOfVeryManyKeysIsRefusedAndNotWaitedFor) {
  const auto keys = [](int n) {
    std::string text = "{";
    for (int i = 0; i < n; ++i) absl::StrAppend(&text, i > 0 ? "," : "", "\"", i, "\":0");
    return text + "}";
  };
  EXPECT_TRUE(ParseJson(keys(1'000)).ok());
  EXPECT_THAT(ParseJson(keys(200'000)).status().message(), HasSubstr("too many keys"));
  // What counts is the work: many small objects are no trouble.
  std::string many = "[";
  for (int i = 0; i < 2'000; ++i) absl::StrAppend(&many, i > 0 ? "," : "", keys(50));
  EXPECT_TRUE(ParseJson(many + "]").ok());
}

TEST(JsonTextTest, TheLastOfEqualKeysWins) {
  EXPECT_EQ(DumpJson(*ParseJson(R"({"a":1,"a":2})")), R"({"a":2})");
}

TEST(JsonTextTest, WholeNumbersOf64BitsAreExact) {
  EXPECT_EQ(DumpJson(*ParseJson("[9223372036854775807,-9223372036854775808]")),
            "[9223372036854775807,-9223372036854775808]");
}

}  // namespace
}  // namespace tallybell
