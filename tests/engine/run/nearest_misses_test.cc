// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/nearest_misses.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Labels kHost = {{"host", "a"}};

std::vector<int64_t> Values(const std::vector<NearestMisses::Miss>& misses) {
  std::vector<int64_t> values;
  for (const NearestMisses::Miss& miss : misses) values.push_back(miss.value);
  return values;
}

TEST(NearestMissesTest, RecordsAtMostOnceAMinuteAndOnlyWhatGrew) {
  NearestMisses misses(4);
  EXPECT_THAT(misses.Take(0), IsEmpty());
  misses.Note(1, kDay, [] { return kHost; });
  EXPECT_THAT(Values(misses.Take(0)), ElementsAre(1));
  misses.Note(2, kDay + 1, [] { return kHost; });
  EXPECT_THAT(misses.Take(kMinute - 1), IsEmpty());
  EXPECT_THAT(Values(misses.Take(kMinute)), ElementsAre(2));
  misses.Note(2, kDay + 2, [] { return kHost; });
  EXPECT_THAT(misses.Take(kHour), IsEmpty());
}

TEST(NearestMissesTest, SaysNothingMoreOfADayOnWhichItWasEnough) {
  NearestMisses misses(4);
  misses.Note(3, kDay, [] { return kHost; });
  misses.Note(4, kDay + 1, [] { return kHost; });
  EXPECT_THAT(misses.Take(kNever), IsEmpty());
  misses.Note(3, kDay + 2, [] { return kHost; });
  EXPECT_THAT(misses.Take(kNever), IsEmpty());
  misses.Note(2, 2 * kDay, [] { return kHost; });
  misses.Note(3, kDay + 3, [] { return kHost; });  // of the day before
  EXPECT_THAT(Values(misses.Take(kNever)), ElementsAre(2));
}

TEST(NearestMissesTest, TheEndTakesWhatIsNotDueYet) {
  NearestMisses misses(100);
  misses.Note(50, kDay, [] { return kHost; });
  EXPECT_THAT(Values(misses.Take(0)), ElementsAre(50));
  misses.Note(51, kDay, [] { return kHost; });  // less than a twentieth of 100 more
  EXPECT_THAT(misses.Take(kHour), IsEmpty());
  EXPECT_THAT(Values(misses.Take(kNever)), ElementsAre(51));
  EXPECT_THAT(misses.Take(kNever), IsEmpty());
}

TEST(NearestMissesTest, ABacklogOfManyDaysGivesTheNewestOfThem) {
  NearestMisses misses(100);
  for (int day = 1; day <= 50; ++day) misses.Note(day, day * kDay, [] { return kHost; });
  const std::vector<NearestMisses::Miss> taken = misses.Take(0);
  ASSERT_EQ(taken.size(), NearestMisses::kMaxDays + 1);
  EXPECT_EQ(taken.back().value, 50);
  EXPECT_EQ(taken.front().value, 50 - static_cast<int64_t>(NearestMisses::kMaxDays));
}

// However it is asked, the last row of each day that was never enough is the greatest count of it.
TEST(NearestMissesTest, TheLastRowOfADayIsItsGreatestCount) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    const int64_t enough = 2 + random() % 60;
    NearestMisses misses(enough);
    std::map<int64_t, int64_t> greatest;  // by day
    std::map<int64_t, std::vector<int64_t>> rows;
    TimeNs t = kDay;
    TimeNs now = 0;
    const auto take = [&](TimeNs at) {
      for (const NearestMisses::Miss& miss : misses.Take(at)) {
        rows[miss.time / kDay].push_back(miss.value);
      }
    };
    for (int i = 0; i < 300; ++i) {
      t += static_cast<TimeNs>(random() % (2 * kHour));
      now += static_cast<TimeNs>(random() % kMinute);
      const int64_t count = 1 + random() % (enough + random() % 2);
      misses.Note(count, t, [] { return kHost; });
      greatest[t / kDay] = std::max(greatest[t / kDay], count);
      if (random() % 3 == 0) take(now);
    }
    take(kNever);
    for (const auto& [day, count] : greatest) {
      if (count >= enough) continue;
      ASSERT_FALSE(rows[day].empty()) << day;
      EXPECT_EQ(rows[day].back(), count) << day;
      EXPECT_LE(static_cast<int64_t>(rows[day].size()), NearestMisses::kSteps + 2);
    }
  }
}

}  // namespace
}  // namespace tallybell
