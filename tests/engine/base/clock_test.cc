// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/clock.h"

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(ManualClockTest, StandsStillUntilTold) {
  ManualClock clock(5 * kSecond);
  EXPECT_EQ(clock.Now(), 5 * kSecond);
  EXPECT_EQ(clock.Now(), 5 * kSecond);
  clock.Advance(kMinute);
  EXPECT_EQ(clock.Now(), 65 * kSecond);
  EXPECT_EQ(clock.Monotonic(), 65 * kSecond);
  clock.Set(kSecond);
  EXPECT_EQ(clock.Now(), kSecond);
}

TEST(ManualClockTest, IsHeldAtTheEndOfTime) {
  ManualClock clock(kNever - 1);
  clock.Advance(kDay);
  EXPECT_EQ(clock.Now(), kNever);
}

TEST(SystemClockTest, TheMonotonicClockNeverStepsBack) {
  const SystemClock clock;
  TimeNs last = clock.Monotonic();
  for (int i = 0; i < 10'000; ++i) {
    const TimeNs now = clock.Monotonic();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SystemClockTest, TheWallClockIsAfterThisWasWritten) {
  EXPECT_GT(SystemClock().Now(), *ParseRfc3339("2024-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace tallybell
