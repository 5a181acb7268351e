// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/log.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

// What one message writes, without its stamp.
std::string Written(LogLevel level, absl::string_view message,
                    std::initializer_list<LogField> fields = {}) {
  CaptureStderr();
  Log(level, message, fields);
  const std::string text = GetCapturedStderr();
  const size_t stamp_end = text.find(' ');
  return stamp_end == std::string::npos ? text : text.substr(stamp_end + 1);
}

TEST(LogTest, WritesOneLineOfLogfmt) {
  EXPECT_EQ(Written(LogLevel::kWarn, "sink is down",
                    {{"sink", "alertmanager"}, {"err", "connection refused"}}),
            "level=warn msg=\"sink is down\" sink=alertmanager err=\"connection refused\"\n");
  EXPECT_EQ(Written(LogLevel::kInfo, "started"), "level=info msg=started\n");
}

TEST(LogTest, StatesItsTimeFirst) {
  CaptureStderr();
  LogError("x");
  EXPECT_THAT(GetCapturedStderr(),
              ::testing::MatchesRegex("ts=....-..-..T..:..:......Z level=error msg=x\n"));
}

TEST(LogTest, AValueCannotForgeALineOrAField) {
  EXPECT_EQ(Written(LogLevel::kInfo, "x", {{"path", "a\nlevel=error msg=forged"}}),
            "level=info msg=x path=\"a\\nlevel=error msg=forged\"\n");
  EXPECT_EQ(Written(LogLevel::kInfo, "x", {{"path", "a\" err=\"b"}}),
            "level=info msg=x path=\"a\\\" err=\\\"b\"\n");
  EXPECT_EQ(Written(LogLevel::kInfo, "x", {{"path", ""}, {"k", "a=b"}}),
            "level=info msg=x path=\"\" k=\"a=b\"\n");
}

TEST(LogTest, AValueCannotReachTheTerminal) {
  const std::string text = Written(LogLevel::kInfo, "x",
                                   {{"path",
                                     "\x1b[2J\xc2\x9b"
                                     "2J\x9b\x7f\b"}});
  for (const char c : text.substr(0, text.size() - 1)) {
    EXPECT_GE(static_cast<unsigned char>(c), ' ') << text;
  }
  EXPECT_THAT(text, HasSubstr("\\u001b[2J\\u009b2J\xEF\xBF\xBD\\u007f\\u0008"));
}

TEST(LogTest, ALongValueIsCut) {
  const std::string text = Written(LogLevel::kInfo, "x", {{"v", std::string(100'000, 'a')}});
  EXPECT_LT(text.size(), 1'100u);
  EXPECT_THAT(text, ::testing::EndsWith("aaa...\"\n"));
}

TEST(LogTest, WhatIsBelowTheLevelIsNotWritten) {
  EXPECT_EQ(Written(LogLevel::kDebug, "x"), "");
  SetLogLevel(LogLevel::kError);
  EXPECT_EQ(Written(LogLevel::kWarn, "x"), "");
  SetLogLevel(LogLevel::kDebug);
  EXPECT_EQ(Written(LogLevel::kDebug, "x"), "level=debug msg=x\n");
  SetLogLevel(LogLevel::kInfo);
}

}  // namespace
}  // namespace tallybell
