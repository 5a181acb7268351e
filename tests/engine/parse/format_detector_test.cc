// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/format_detector.h"

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr absl::string_view kGlogLine = "E0501 12:32:30.426698     341 controller.go:114] failed";

TEST(FormatDetectorTest, IsPlainBeforeAnyLine) {
  EXPECT_EQ(FormatDetector().format().name, "plain");
}

TEST(FormatDetectorTest, OneHeaderAmongTheLinesOfAStackTraceIsEnough) {
  FormatDetector detector;
  for (int i = 0; i < 50; ++i) detector.Add("\t/usr/local/go/src/runtime/debug/stack.go:24 +0x65");
  EXPECT_EQ(detector.format().name, "plain");
  detector.Add(kGlogLine);
  EXPECT_EQ(detector.format().name, "glog");
}

TEST(FormatDetectorTest, TheHeaderOfAFileIsEnough) {
  FormatDetector detector;
  detector.Add("Log file created at: 2021/03/04 01:42:32");
  EXPECT_EQ(detector.format().name, "glog");
}

TEST(FormatDetectorTest, SettlesAfterAHundredLinesThatAreNotBlank) {
  FormatDetector detector;
  for (int i = 0; i < FormatDetector::kMaxLines; ++i) {
    EXPECT_FALSE(detector.settled());
    detector.Add(" ");
    detector.Add("a line");
  }
  EXPECT_TRUE(detector.settled());
  detector.Add(kGlogLine);
  EXPECT_EQ(detector.format().name, "plain");
}

TEST(FormatDetectorTest, PlainProseIsNoFormat) {
  FormatDetector detector;
  for (const char* line :
       {"Starting up. May 26 was a good day, t=5 was not.", "May we begin: yes", "level: info",
        "key=value other=thing", "2022/04/25 was a Monday",
        "Error: etcdserver: mvcc: database space exceeded", "INFO starting", "[INFO] starting",
        "Thu Feb 3rd was a Thursday", "2026-11-21 was a Saturday", "time flies", "WARNING: disk is full",
        "=== E0501 begins", "1.5\tinfo", "| a | b |", "<html>", "<34>", "{", "}"}) {
    for (int i = 0; i < 4; ++i) detector.Add(line);
  }
  EXPECT_EQ(detector.format().name, "plain");
}

TEST(FormatDetectorTest, APanicAmongPlainLinesLeavesThemPlain) {
  FormatDetector detector;
  for (int i = 0; i < 4; ++i) detector.Add("just a line");
  detector.Add("panic: boom");
  EXPECT_EQ(detector.format().name, "plain");
}

TEST(FormatDetectorTest, HeadersWithoutATimeCountIfThereAreMany) {
  FormatDetector detector;
  for (int i = 0; i < 3; ++i) detector.Add("just a line");
  detector.Add("INFO[0000] simple");
  EXPECT_EQ(detector.format().name, "logfmt");
}

TEST(FormatDetectorTest, AHeaderWithATimeOutweighsAnyWithout) {
  FormatDetector detector;
  for (int i = 0; i < 50; ++i) detector.Add("[WARNING] Deprecated '--debug' flag");
  detector.Add(kGlogLine);
  EXPECT_EQ(detector.format().name, "glog");
}

TEST(FormatDetectorTest, TheMostLinesDecideAndTheOrderOfTheTableWhereThereAreAsMany) {
  FormatDetector detector;
  detector.Add("raft2026/11/21 07:57:29 INFO: 69b38ac7138de88d became leader at term 2");
  detector.Add("2019-05-01 12:32:30.426698 W | etcdserver: alarm NOSPACE raised");
  EXPECT_EQ(detector.format().name, "capnslog");
  detector.Add("raft2026/11/21 07:57:29 INFO: 69b38ac7138de88d became leader at term 2");
  EXPECT_EQ(detector.format().name, "go");
}

TEST(FormatDetectorTest, GlogBehindAPrefixIsGlog) {
  FormatDetector detector;
  detector.Add("apiserver I0916 13:56:55.132842       1 clientconn.go:857] created");
  EXPECT_EQ(detector.format().name, "glog");
}

TEST(LineFormatTest, IsFoundByItsNames) {
  ASSERT_NE(FindLineFormat("glog"), nullptr);
  EXPECT_EQ(FindLineFormat("klog"), FindLineFormat("glog"));
  EXPECT_EQ(FindLineFormat("plain")->name, "plain");
  EXPECT_EQ(FindLineFormat("auto"), nullptr);
  EXPECT_EQ(FindLineFormat(""), nullptr);
  EXPECT_TRUE(absl::StartsWith(LineFormatNames(), "glog, "));
  EXPECT_TRUE(absl::EndsWith(LineFormatNames(), ", syslog, dated, plain"));
}

}  // namespace
}  // namespace tallybell
