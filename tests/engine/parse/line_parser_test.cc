// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/line_parser.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/engine/parse/described_line.h"

namespace tallybell {
namespace {

constexpr absl::string_view kGlog = "E0315 10:48:10.641811   59011 listener.go:41] Pushing failed";
constexpr absl::string_view kGlogSays =
    "glog error 0000-03-15 10:48:10.641811000 | file=listener.go line=41 thread=59011 "
    "caller=listener.go:41 message=Pushing failed";

TEST(LineParserTest, EveryLineOfAPlainSourceIsARecordThatStatesNothing) {
  EXPECT_EQ(DescribedLine("plain", kGlog), "plain unknown");
  EXPECT_EQ(DescribedMixedLine("plain", kGlog), "plain unknown");
}

TEST(LineParserTest, ALineOfAnotherFormatIsReadForWhatItIs) {
  EXPECT_EQ(DescribedMixedLine("capnslog", kGlog), kGlogSays);
  EXPECT_EQ(DescribedMixedLine("glog", "raft2026/11/21 07:57:29 INFO: x"),
            "go info 2026-11-21 07:57:29.000000000 | message=x");
  EXPECT_EQ(DescribedLine("glog", "raft2026/11/21 07:57:29 INFO: x"), "no header");
  EXPECT_EQ(DescribedMixedLine("glog", "just a line"), "no header");
  EXPECT_EQ(DescribedMixedLine("glog", ""), "no header");
}

TEST(LineParserTest, AGlogLineBehindAPrefixIsTheLastResort) {
  for (const absl::string_view prefix :
       {"apiserver ", "* ", "Tue, Mar 15 2022 5:04:44 pm | ", "[pod/etcd-0/etcd] ", "a  |\t"}) {
    EXPECT_EQ(DescribedMixedLine("glog", absl::StrCat(prefix, kGlog)), kGlogSays) << prefix;
  }
  EXPECT_EQ(DescribedMixedLine("glog", absl::StrCat("172.24.14.137:16156 (XXX1.local) ", kGlog)),
            absl::StrCat(kGlogSays, " instance=172.24.14.137:16156 host=XXX1.local"));
  EXPECT_EQ(DescribedLine("glog", absl::StrCat("apiserver ", kGlog)), "no header");
}

TEST(LineParserTest, TheDateOfAPrefixCompletesTheStamp) {
  EXPECT_EQ(DescribedMixedLine("glog",
                               "2020-03-19T21:19:14.763544793-07:00 E0320 04:19:14.763494 "
                               "      1 a.go:1] x"),
            "glog error 1584677954763494 | file=a.go line=1 thread=1 caller=a.go:1 message=x");
}

TEST(LineParserTest, WhatQuotesAHeaderIsNoHeader) {
  for (const absl::string_view prefix : {"\t", "    ", "it said \"", "said \" ", "{\"log\": ",
                                         "`cat` ", "x=\\n ", "apiserver", "<p> ", "that's "}) {
    EXPECT_EQ(DescribedMixedLine("glog", absl::StrCat(prefix, kGlog)), "no header") << prefix;
  }
  const std::string too_long(121, 'x');
  EXPECT_EQ(DescribedMixedLine("glog", absl::StrCat(too_long, " ", kGlog)), "no header");
  EXPECT_EQ(DescribedMixedLine("glog", absl::StrCat(too_long.substr(2), " ", kGlog)), kGlogSays);
  // Not without file and line.
  EXPECT_EQ(DescribedMixedLine("glog", "a test I1121 08:01:26.219600] m"), "no header");
}

TEST(LineParserTest, AStampWithinAMessageIsNotTaken) {
  EXPECT_EQ(DescribedMixedLine("glog",
                               "W0512 16:22:32.088549   96837 probes.go:270] waited. last "
                               "run: 2022-05-12 16:22:10.580581 -0400 EDT m=+2417.079"),
            "glog warning 0000-05-12 16:22:32.088549000 | file=probes.go line=270 thread=96837 "
            "caller=probes.go:270 message=waited. last run: 2022-05-12 16:22:10.580581 -0400 EDT "
            "m=+2417.079");
  EXPECT_EQ(DescribedMixedLine("glog", "last run: 2022-05-12 16:22:10.580581 -0400 EDT"),
            "no header");
}

TEST(LineParserTest, AGlogLineGivesThePairsOfItsMessage) {
  WantedFields wanted;
  wanted.Add("pod");
  EXPECT_EQ(DescribedLine("glog",
                          "E1121 08:01:26.219600   21020 main.go:23] \"Failed\" "
                          "err=\"timeout\" pod=\"foo/bar\"",
                          wanted),
            "glog error 0000-11-21 08:01:26.219600000 | file=main.go line=23 thread=21020 "
            "caller=main.go:23 pod=foo/bar");
}

}  // namespace
}  // namespace tallybell
