// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/retry_after.h"

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TimeNs At(absl::string_view text) { return ParseRfc3339(text).value(); }

TEST(RetryAfterTest, ReadsSeconds) {
  EXPECT_EQ(ParseRetryAfter("30", 0), 30 * kSecond);
  EXPECT_EQ(ParseRetryAfter(" 0 ", 0), 0);
  EXPECT_EQ(ParseRetryAfter("1000000000", 0), 1'000'000'000 * kSecond);
}

TEST(RetryAfterTest, ReadsADate) {
  const TimeNs now = At("2024-05-01T12:00:00Z");
  EXPECT_EQ(ParseRetryAfter("Wed, 01 May 2024 12:00:30 GMT", now), 30 * kSecond);
  EXPECT_EQ(ParseRetryAfter("Wed, 01 May 2024 11:00:00 GMT", now), 0);
}

TEST(RetryAfterTest, MoreThanTimeHoldsIsForEver) {
  EXPECT_EQ(ParseRetryAfter("99999999999999", 0), kNever);
  EXPECT_EQ(ParseRetryAfter("999999999999999999999999", 0), kNever);
}

TEST(RetryAfterTest, AnythingElseIsNothing) {
  for (const char* text : {"", "-1", "soon", "1.5", "30s", "Wed, 01 May", "0x10"}) {
    EXPECT_EQ(ParseRetryAfter(text, 0), 0) << text;
  }
  EXPECT_EQ(ParseRetryAfter(std::string(10000, '9'), 0), 0);
}

}  // namespace
}  // namespace tallybell
