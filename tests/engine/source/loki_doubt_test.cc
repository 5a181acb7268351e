// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_doubt.h"

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;

// The seconds from 0 to `to` at which something is due, asked for at each; all is settled but the
// last 10 seconds.
std::vector<int64_t> DueAt(LokiDoubt* doubt, int64_t to, std::vector<TimeNs>* from = nullptr) {
  std::vector<int64_t> at;
  for (int64_t second = 0; second <= to; ++second) {
    const TimeNs now = second * kSecond;
    const auto due = doubt->Due(now - 10 * kSecond + kDay, now);
    if (!due.has_value()) continue;
    at.push_back(second);
    if (from != nullptr) from->push_back(*due - kDay);
  }
  return at;
}

TEST(LokiDoubtTest, NothingIsDueThatNobodyDoubts) {
  LokiDoubt doubt;
  EXPECT_EQ(doubt.next(), kNever);
  EXPECT_TRUE(DueAt(&doubt, 100).empty());
}

TEST(LokiDoubtTest, WhatIsInDoubtIsReadAgainEachTimeAfterTwiceAsLong) {
  LokiDoubt doubt;
  doubt.NoteLate(kDay - kMinute, 0);
  EXPECT_EQ(doubt.next(), 2 * kSecond);
  EXPECT_EQ(doubt.from(), kDay - kMinute);
  std::vector<TimeNs> from;
  EXPECT_THAT(DueAt(&doubt, 300, &from), ElementsAre(2, 6, 14, 30, 62));
  EXPECT_EQ(from, std::vector<TimeNs>(5, -kMinute));
  EXPECT_EQ(doubt.next(), kNever);
  EXPECT_EQ(doubt.from(), kNever);
}

TEST(LokiDoubtTest, DoubtWithoutEndIsReadSomeTimesMoreAndNotForEver) {
  LokiDoubt doubt;
  int reads = 0;
  for (int64_t second = 0; second < 620; ++second) {
    const TimeNs now = second * kSecond;
    doubt.NoteLate(now - 30 * kSecond, now);
    reads += doubt.Due(now - 10 * kSecond, now).has_value();
  }
  EXPECT_LE(reads, 50);
  EXPECT_GE(reads, 45);
}

TEST(LokiDoubtTest, WhatIsDoubtedMeanwhileIsReadWithTheRestAndAgainAfterIt) {
  LokiDoubt doubt;
  doubt.NoteLate(kDay - 20 * kSecond, 0);
  doubt.Due(kDay, 2 * kSecond);
  doubt.NoteLate(kDay - kMinute, 3 * kSecond);
  std::vector<TimeNs> from;
  EXPECT_THAT(DueAt(&doubt, 300, &from), ElementsAre(6, 14, 30, 62, 64, 68, 76, 92, 124));
  EXPECT_EQ(*std::max_element(from.begin(), from.end()), -kMinute);
}

TEST(LokiDoubtTest, WhoWasCutOffIsWaitedForLonger) {
  LokiDoubt doubt;
  doubt.NoteGap(kDay - kMinute, 0);
  std::vector<TimeNs> from;
  EXPECT_THAT(DueAt(&doubt, 600, &from), ElementsAre(2, 6, 14, 30, 62, 126, 254));
  EXPECT_EQ(from, std::vector<TimeNs>(7, -kMinute));
}

TEST(LokiDoubtTest, EachGapHasItsOwnTimesWhateverCameLateBefore) {
  LokiDoubt doubt;
  doubt.NoteLate(kDay - 20 * kSecond, 0);
  doubt.NoteGap(kDay - kMinute, 0);
  for (int64_t second = 0; second < 40; ++second) doubt.Due(kDay, second * kSecond);
  doubt.NoteGap(kDay - kSecond, 40 * kSecond);
  doubt.NoteGap(kDay - 2 * kMinute, 41 * kSecond);
  EXPECT_EQ(doubt.from(), kDay - 2 * kMinute);
  std::vector<TimeNs> from;
  EXPECT_THAT(DueAt(&doubt, 600, &from), ElementsAre(42, 46, 54, 62, 70, 102, 126, 166, 254, 294));
  EXPECT_EQ(from[0], -2 * kMinute);
  EXPECT_EQ(from[3], -kMinute);
}

TEST(LokiDoubtTest, GapsWithoutEndAreReadSomeTimesMoreAndNoneIsForgotten) {
  for (const int64_t every : {1, 5, 15, 40}) {
    LokiDoubt doubt;
    std::vector<int64_t> at;
    for (int64_t second = 0; second < 1200; ++second) {
      const TimeNs now = second * kSecond;
      if (second % every == 0 && second < 600) doubt.NoteGap(now - 30 * kSecond, now);
      if (doubt.Due(now - 10 * kSecond, now).has_value()) at.push_back(second);
    }
    EXPECT_LE(at.size(), 90u) << every;
    // However many there were, each is followed by reads, and by one that is late.
    for (int64_t gap = 0; gap < 600; gap += every) {
      const auto after = std::upper_bound(at.begin(), at.end(), gap);
      ASSERT_TRUE(after != at.end()) << every;
      EXPECT_LE(*after - gap, 100) << every << " " << gap;
    }
    EXPECT_GE(at.back(), 590 + 250) << every;
    EXPECT_EQ(doubt.from(), kNever);
  }
}

TEST(LokiDoubtTest, NoMoreIsReadThanAQuarterOfAnHourNorWhatIsNotSettled) {
  LokiDoubt doubt;
  doubt.NoteLate(0, 0);
  EXPECT_EQ(doubt.Due(kDay, 2 * kSecond), kDay - LokiDoubt::kMost);
  LokiDoubt early;
  early.NoteLate(kDay, 0);
  EXPECT_FALSE(early.Due(kDay, 2 * kSecond).has_value());
  EXPECT_TRUE(early.Due(kDay + 1, 6 * kSecond).has_value());
}

}  // namespace
}  // namespace tallybell
