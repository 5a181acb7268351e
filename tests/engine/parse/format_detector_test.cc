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

TEST(LineFormatTest, IsFoundByItsNames) {
  ASSERT_NE(FindLineFormat("glog"), nullptr);
  EXPECT_EQ(FindLineFormat("klog"), FindLineFormat("glog"));
  EXPECT_EQ(FindLineFormat("plain")->name, "plain");
  EXPECT_EQ(FindLineFormat("auto"), nullptr);
  EXPECT_EQ(FindLineFormat(""), nullptr);
  EXPECT_TRUE(absl::StartsWith(LineFormatNames(), "glog, "));
  EXPECT_TRUE(absl::EndsWith(LineFormatNames(), ", syslog, plain"));
}

}  // namespace
}  // namespace tallybell
