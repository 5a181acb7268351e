// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/recent_matches.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr TimeNs kDayBegin = 20'000 * kDay;

TEST(RecentMatchesTest, ShowsTheLastDayUpToNow) {
  RecentMatches recent;
  EXPECT_TRUE(recent.Until(kDayBegin).empty());
  recent.Add(kDayBegin);
  recent.Add(kDayBegin + 9 * kMinute);
  recent.Add(kDayBegin + 10 * kMinute);
  const std::vector<uint32_t> shown = recent.Until(kDayBegin + 15 * kMinute);
  ASSERT_EQ(shown.size(), RecentMatches::kBins);
  EXPECT_EQ(shown[RecentMatches::kBins - 1], 1u);
  EXPECT_EQ(shown[RecentMatches::kBins - 2], 2u);
  EXPECT_EQ(recent.Until(kDayBegin + kDay)[0], 1u);
  EXPECT_TRUE(recent.Until(kDayBegin + 2 * kDay).empty());
  // What a record states may be ahead of the clock; it is shown when its time has come.
  EXPECT_TRUE(recent.Until(kDayBegin - kHour).empty());
}

// Against every match kept, in whatever order they come.
TEST(RecentMatchesTest, CountsWhatAListWouldCount) {
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    std::mt19937 random(seed);
    RecentMatches recent;
    std::vector<TimeNs> kept;
    TimeNs newest = seed % 3 == 0 ? -kDay : kDayBegin;
    for (int step = 0; step < 300; ++step) {
      newest += static_cast<int64_t>(random() % (step % 50 == 0 ? 100'000 : 900)) * kSecond;
      const TimeNs at = newest - static_cast<int64_t>(random() % 100'000) * kSecond;
      recent.Add(at);
      kept.push_back(at);
      const TimeNs now = newest + static_cast<int64_t>(random() % 5'000) * kSecond;
      // Floors, also below zero.
      const auto bin = [](TimeNs t) { return (t + 400 * kDay) / RecentMatches::kBin; };
      std::vector<uint32_t> expected(RecentMatches::kBins, 0);
      // What was beyond the ring when it came, or fell out of it, is not there any more.
      const int64_t top = bin(*std::max_element(kept.begin(), kept.end()));
      for (const TimeNs t : kept) {
        const int64_t back = bin(now) - bin(t);
        if (back < 0 || back >= 144 || bin(t) <= top - 144) continue;
        ++expected[static_cast<size_t>(143 - back)];
      }
      std::vector<uint32_t> shown = recent.Until(now);
      if (shown.empty()) shown.assign(RecentMatches::kBins, 0);
      ASSERT_EQ(shown, expected) << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace tallybell
