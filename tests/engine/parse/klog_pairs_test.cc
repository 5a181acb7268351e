// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/klog_pairs.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/parse/go_quoted.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// The fields, or "none".
std::string Pairs(absl::string_view message, const WantedFields& wanted = WantedFields::All()) {
  ParsedLine line;
  if (!AddKlogPairs(message, wanted, &line)) {
    EXPECT_TRUE(line.fields.all().empty());
    return "none";
  }
  std::string text;
  for (const Field& field : line.fields.all()) {
    absl::StrAppend(&text, text.empty() ? "" : "|", field.name, "=", field.value);
  }
  return text;
}

TEST(KlogPairsTest, ReadsMessageAndPairs) {
  EXPECT_EQ(Pairs(R"("Failed to update" err="timeout" pod="foo/bar" n=4 d=<nil>)"),
            "message=Failed to update|err=timeout|pod=foo/bar|n=4|d=<nil>");
  EXPECT_EQ(Pairs(R"("alone")"), "message=alone");
  EXPECT_EQ(Pairs(R"x("m" odd="(MISSING)")x"), "message=m|odd=(MISSING)");
  EXPECT_EQ(Pairs(R"("m" empty="" after=)"), "message=m|empty=|after=");
}

TEST(KlogPairsTest, DecodesWhatIsQuoted) {
  EXPECT_EQ(Pairs(R"("quotes \"inside\" and =" k="v \"w\" and \\ b" t="a\tb" u="日本")"),
            "message=quotes \"inside\" and =|k=v \"w\" and \\ b|t=a\tb|u=日本");
  EXPECT_EQ(Pairs(R"("m" err="failed: \"back-off \\\"5m\\\" pod\"")"),
            R"(message=m|err=failed: "back-off \"5m\" pod")");
}

TEST(KlogPairsTest, KeysMayHoldSpacesAndBareValuesMayWithinBrackets) {
  EXPECT_EQ(Pairs(R"("m" extension point="Balance" x=1)"), "message=m|extension_point=Balance|x=1");
  EXPECT_EQ(Pairs(R"("types" slice=[a b c] map=map[x:1 y:2] struct={A:1 B:{C:"} "}} e="z")"),
            R"(message=types|slice=[a b c]|map=map[x:1 y:2]|struct={A:1 B:{C:"} "}}|e=z)");
  EXPECT_EQ(Pairs(R"("m" a=b) c=d])"), "message=m|a=b)|c=d]");
}

TEST(KlogPairsTest, OfABlockThereIsWhatStandsOnItsLine) {
  EXPECT_EQ(Pairs("\"boom\" k=1 err=<"), "message=boom|k=1|err=<");
  EXPECT_EQ(Pairs("\"boom\" err=<\n\tone\n\ttwo\n > pod=\"ns/p\""),
            "message=boom|err=one\ntwo|pod=ns/p");
  EXPECT_EQ(Pairs("\"boom\" err=<\n\tone"), "message=boom|err=one");
}

TEST(KlogPairsTest, WhatCannotBeReadIsNoFieldAndNeitherIsWhatFollows) {
  EXPECT_EQ(Pairs(R"("m" a=1 b="cut of)"), "message=m|a=1");
  EXPECT_EQ(Pairs(R"("m" a=1 b=[x y c=2)"), "message=m|a=1");
  EXPECT_EQ(Pairs(R"("m" a="1"b="2")"), "message=m|a=1");
  EXPECT_EQ(Pairs(R"("m" a=1 and more)"), "message=m|a=1");
}

TEST(KlogPairsTest, AMessageThatOnlyBeginsWithAQuoteIsNotStructured) {
  EXPECT_EQ(Pairs(R"("foo" is not a name)"), "none");
  EXPECT_EQ(Pairs(R"("Starting kubelet main sync loop)"), "none");
  EXPECT_EQ(Pairs(R"(\"Successfully bound\" pod=\"x\")"), "none");
  EXPECT_EQ(Pairs(""), "none");
  EXPECT_EQ(Pairs("plain"), "none");
  EXPECT_EQ(Pairs(R"("a", "b")"), "none");
}

TEST(KlogPairsTest, OnlyWhatIsWantedIsThere) {
  WantedFields wanted;
  wanted.Add("pod-uid");
  EXPECT_EQ(Pairs(R"("m" a="1" pod.uid=x)", wanted), "pod_uid=x");
}

// A walk that began anew at each of them would never end.
TEST(KlogPairsTest, ALongLineOfNearlyPairsTakesNoLongTime) {
  for (const absl::string_view part :
       {" a=[", " a=\"\\\"", " a=x\"\\", " a=[\"\\\"", "=\"", " \""}) {
    std::string text = "\"m\"";
    while (text.size() < 256 * 1024) absl::StrAppend(&text, part);
    Pairs(text);
  }
}

TEST(GoQuotedTest, EndsAtTheFirstQuoteThatIsNotEscaped) {
  EXPECT_EQ(GoQuotedLength(R"("a\"b" c")"), 6u);
  EXPECT_EQ(GoQuotedLength(R"("\\")"), 4u);
  EXPECT_EQ(GoQuotedLength(R"("")"), 2u);
  for (const absl::string_view text : {"", "a", "\"", "\"a", "\"a\\", "\"a\\\"", " \"a\""}) {
    EXPECT_EQ(GoQuotedLength(text), 0u) << text;
  }
}

TEST(GoQuotedTest, DecodesEveryEscapeOfGo) {
  ParsedLine line;
  EXPECT_EQ(UnquoteGo(R"("\a\b\f\n\r\t\v\\\"\'")", &line), "\a\b\f\n\r\t\v\\\"'");
  EXPECT_EQ(UnquoteGo(R"("\x41\101\u00e9\U0001f600")", &line), "AA\u00e9\U0001f600");
  EXPECT_EQ(UnquoteGo(R"("\q\x4\u12\400\")", &line), R"(\q\x4\u12\400\)");
  EXPECT_EQ(UnquoteGo(R"("\xe6\x97\xa5\xff\ud800")", &line), "日\uFFFD\uFFFD");
  EXPECT_EQ(UnquoteGo(R"("plain")", &line), "plain");
}

}  // namespace
}  // namespace tallybell
