// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <algorithm>
#include <random>
#include <vector>

#include "engine/run/source_clock_offset.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr TimeNs kNow = 1'714'566'750 * kSecond;

TEST(SourceClockOffsetTest, IsTheMedianOfTheLastMinute) {
  SourceClockOffset offset;
  EXPECT_FALSE(offset.Median(0).has_value());
  offset.Note(kNow - 90 * kSecond, kNow, 0);
  EXPECT_EQ(offset.Median(0), -90 * kSecond);
  offset.Note(kNow, kNow, 10 * kSecond);
  offset.Note(kNow + kSecond, kNow, 20 * kSecond);
  EXPECT_EQ(offset.Median(20 * kSecond), 0);
  // The first has left; of two the smaller.
  EXPECT_EQ(offset.Median(65 * kSecond), 0);
  EXPECT_EQ(offset.Median(75 * kSecond), kSecond);
  EXPECT_EQ(offset.Median(kHour), kSecond);
}

TEST(SourceClockOffsetTest, MedianEqualsThatOfAllNotesOfTheMinute) {
  const unsigned seed = 7;
  std::mt19937 random(seed);
  SourceClockOffset offset;
  std::vector<std::pair<TimeNs, DurationNs>> all;
  TimeNs monotonic = 0;
  for (int i = 0; i < 2000; ++i) {
    monotonic += random() % 2'000 * kMillisecond;
    const DurationNs off = (static_cast<DurationNs>(random() % 1000) - 500) * kSecond;
    offset.Note(kNow + off, kNow, monotonic);
    all.emplace_back(monotonic, off);
    std::vector<DurationNs> minute;
    for (const auto& [at, each] : all) {
      if (monotonic - at <= kMinute) minute.push_back(each);
    }
    std::sort(minute.begin(), minute.end());
    ASSERT_EQ(offset.Median(monotonic), minute[(minute.size() - 1) / 2])
        << "seed " << seed << ", note " << i;
  }
}

TEST(SourceClockOffsetTest, WarnsOnceAfterTenNotesInARow) {
  SourceClockOffset offset;
  for (int i = 0; i < 9; ++i) offset.Note(kNow + 2 * kHour, kNow, i);
  EXPECT_FALSE(offset.TakeWarning());
  offset.Note(kNow + 2 * kHour, kNow, 9);
  EXPECT_TRUE(offset.TakeWarning());
  EXPECT_EQ(offset.warned_offset(), 2 * kHour);
  for (int i = 0; i < 100; ++i) offset.Note(kNow + 2 * kHour, kNow, 10 + i * kSecond);
  EXPECT_FALSE(offset.TakeWarning());
}

TEST(SourceClockOffsetTest, WarnsAfterAMinuteWhereNotesAreSeldom) {
  SourceClockOffset offset;
  offset.Note(kNow - 6 * kMinute, kNow, 0);
  offset.Note(kNow - 6 * kMinute, kNow, 59 * kSecond);
  EXPECT_FALSE(offset.TakeWarning());
  offset.Note(kNow - 6 * kMinute, kNow, 60 * kSecond);
  EXPECT_TRUE(offset.TakeWarning());
  EXPECT_EQ(offset.warned_offset(), -6 * kMinute);
}

TEST(SourceClockOffsetTest, ASingleRecordThatIsRightOrOnTheOtherSideBreaksTheRow) {
  SourceClockOffset offset;
  for (int i = 0; i < 9; ++i) offset.Note(kNow + kHour, kNow, i);
  offset.Note(kNow, kNow, 10);
  for (int i = 0; i < 9; ++i) offset.Note(kNow + kHour, kNow, 20 + i);
  for (int i = 0; i < 9; ++i) offset.Note(kNow - kHour, kNow, 40 + i);
  EXPECT_FALSE(offset.TakeWarning());
}

TEST(SourceClockOffsetTest, FiveMinutesAreTolerated) {
  SourceClockOffset offset;
  for (int i = 0; i < 100; ++i) {
    offset.Note(kNow + 5 * kMinute, kNow, i * kSecond);
    offset.Note(kNow - 5 * kMinute, kNow, i * kSecond);
  }
  EXPECT_FALSE(offset.TakeWarning());
}

TEST(SourceClockOffsetTest, NamesAZoneWhereItIsAWholeNumberOfQuarterHours) {
  EXPECT_EQ(SourceClockOffset::ZoneDifference(2 * kHour), "+02:00");
  EXPECT_EQ(SourceClockOffset::ZoneDifference(-5 * kHour - 30 * kSecond), "-05:00");
  EXPECT_EQ(SourceClockOffset::ZoneDifference(5 * kHour + 43 * kMinute), "+05:45");
  EXPECT_EQ(SourceClockOffset::ZoneDifference(-(3 * kHour + 28 * kMinute)), "-03:30");
  EXPECT_EQ(SourceClockOffset::ZoneDifference(kHour + 3 * kMinute), "");
  EXPECT_EQ(SourceClockOffset::ZoneDifference(kMinute), "");
  EXPECT_EQ(SourceClockOffset::ZoneDifference(30 * kHour), "");
  EXPECT_EQ(SourceClockOffset::ZoneDifference(kNoTime + 1), "");
}

}  // namespace
}  // namespace tallybell
