// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/back_off.h"

#include <set>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(BackOffTest, DoublesUpToThreeQuartersOfAMinute) {
  BackOff back_off(1);
  DurationNs whole = kSecond;
  for (int i = 0; i < 30; ++i) {
    const DurationNs wait = back_off.Next();
    EXPECT_LE(wait, whole);
    EXPECT_GE(wait, whole * 3 / 4);
    whole = std::min(2 * whole, 45 * kSecond);
  }
  back_off.Reset();
  EXPECT_LE(back_off.Next(), kSecond);
}

TEST(BackOffTest, LeavesLongAloneWhatOnlyAPersonMends) {
  BackOff back_off(1);
  for (int i = 0; i < 100; ++i) {
    const DurationNs wait = back_off.Longest();
    EXPECT_LE(wait, 5 * kMinute);
    EXPECT_GE(wait, 5 * kMinute * 3 / 4);
  }
  EXPECT_LE(back_off.Next(), 45 * kSecond);
}

TEST(BackOffTest, SpreadsSendersThatFailedTogether) {
  std::set<DurationNs> waits;
  for (uint64_t seed = 0; seed < 100; ++seed) waits.insert(BackOff(seed).Next());
  EXPECT_GT(waits.size(), 90u);
}

TEST(BackOffTest, WaitsAsAskedWithinItsOwnLimits) {
  BackOff back_off(1);
  for (int i = 0; i < 100; ++i) {
    const DurationNs wait = back_off.AsAsked(30 * kSecond);
    EXPECT_GE(wait, 30 * kSecond);
    EXPECT_LE(wait, 33 * kSecond);
  }
  EXPECT_EQ(back_off.AsAsked(kNever), BackOff::kMax);
  EXPECT_EQ(back_off.AsAsked(-5), 0);
}

}  // namespace
}  // namespace tallybell
