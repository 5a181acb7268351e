// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/window/sliding_window.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

std::vector<TimeNs> Times(absl::Span<const WindowMatch> matches) {
  std::vector<TimeNs> times;
  for (const WindowMatch& match : matches) times.push_back(match.time);
  return times;
}

SlidingWindow WindowOf(DurationNs width, const std::vector<TimeNs>& times) {
  SlidingWindow window(width);
  for (const TimeNs t : times) window.Insert({t});
  return window;
}

TEST(SlidingWindowTest, AMatchExactlyTheWidthAgoIsOut) {
  const SlidingWindow window = WindowOf(20 * kMinute, {0});
  EXPECT_EQ(window.At(0).size(), 1u);
  EXPECT_EQ(window.At(20 * kMinute - 1).size(), 1u);
  EXPECT_EQ(window.At(20 * kMinute).size(), 0u);
  EXPECT_EQ(window.At(-1).size(), 0u);
}

TEST(SlidingWindowTest, JustBeforeAnInstantItsOwnMatchIsOutAndTheLeavingOneIn) {
  const SlidingWindow window = WindowOf(10, {0, 5, 10});
  EXPECT_EQ(Times(window.At(10)), (std::vector<TimeNs>{5, 10}));
  EXPECT_EQ(Times(window.Before(10)), (std::vector<TimeNs>{0, 5}));
}

TEST(SlidingWindowTest, EqualTimesAreOrderedByPlace) {
  SlidingWindow window(10);
  window.Insert({5, /*offset=*/7, /*evidence=*/0, /*file=*/1});
  window.Insert({5, 9, 0, 0});
  window.Insert({5, 3, 0, 1});
  window.Insert({5, 3, 0, 1});
  ASSERT_EQ(window.all().size(), 4u);
  EXPECT_EQ(window.all()[0].offset, 9u);
  EXPECT_EQ(window.all()[1].offset, 3u);
  EXPECT_EQ(window.all()[2].offset, 3u);
  EXPECT_EQ(window.all()[3].offset, 7u);
}

TEST(SlidingWindowTest, AClearTakesOutWhatIsNotAfterIt) {
  SlidingWindow window = WindowOf(100, {1, 2, 2, 3});
  window.DropThrough(2);
  EXPECT_EQ(Times(window.all()), (std::vector<TimeNs>{3}));
  window.DropThrough(3);
  EXPECT_TRUE(window.all().empty());
}

TEST(SlidingWindowTest, TrimKeepsTheNewestAndAllThatIsNotDecided) {
  SlidingWindow window = WindowOf(100, {1, 2, 3, 4, 5, 6});
  window.Trim(/*t=*/4, /*keep=*/2);
  EXPECT_EQ(Times(window.all()), (std::vector<TimeNs>{3, 4, 5, 6}));
  EXPECT_EQ(window.trimmed_through(), 2);
}

TEST(SlidingWindowTest, IsExactAgainOnceWhatWasTrimmedWouldHaveLeft) {
  SlidingWindow window = WindowOf(100, {1, 2, 3});
  EXPECT_TRUE(window.ExactAt(3));
  window.Trim(3, 1);
  EXPECT_FALSE(window.ExactAt(3));
  EXPECT_FALSE(window.ExactAt(101));
  EXPECT_TRUE(window.ExactAt(102));
}

TEST(SlidingWindowTest, AMatchThatComesLateDoesNotHideWhatWasTrimmed) {
  SlidingWindow window = WindowOf(100, {10, 20, 30});
  window.Trim(30, 2);
  window.Insert({5});
  window.Trim(30, 2);
  EXPECT_EQ(Times(window.all()), (std::vector<TimeNs>{20, 30}));
  EXPECT_FALSE(window.ExactAt(106));
  EXPECT_TRUE(window.ExactAt(110));
}

TEST(SlidingWindowTest, ALateClearDoesNotHideWhatWasTrimmedAfterIt) {
  SlidingWindow window = WindowOf(100, {10, 20, 30});
  window.Trim(30, 1);
  window.DropThrough(15);
  EXPECT_FALSE(window.ExactAt(30));
  window.DropThrough(20);
  EXPECT_TRUE(window.ExactAt(30));
}

TEST(SlidingWindowTest, TheEndsOfTimeAreInstantsToo) {
  SlidingWindow window(kDay);
  window.Insert({kNoTime + 1});
  window.Insert({kNever - 1});
  EXPECT_EQ(Times(window.At(kNoTime + 1)), (std::vector<TimeNs>{kNoTime + 1}));
  EXPECT_EQ(Times(window.At(kNever - 1)), (std::vector<TimeNs>{kNever - 1}));
  EXPECT_TRUE(window.At(0).empty());
}

// Keeps every time ever, and what was taken out apart.
class NaiveWindow {
 public:
  explicit NaiveWindow(DurationNs width) : width_(width) {}

  void Insert(TimeNs t) { matches_.push_back({t, false}); }

  void DropThrough(TimeNs t) {
    matches_.erase(std::remove_if(matches_.begin(), matches_.end(),
                                  [t](const Match& match) { return match.time <= t; }),
                   matches_.end());
  }

  void Trim(TimeNs t, size_t keep) {
    std::sort(matches_.begin(), matches_.end(),
              [](const Match& a, const Match& b) { return a.time > b.time; });
    size_t kept = 0;
    for (Match& match : matches_) {
      if (match.trimmed || match.time > t || match.time <= t - width_) continue;
      if (kept == keep) {
        match.trimmed = true;
      } else {
        ++kept;
      }
    }
  }

  std::vector<TimeNs> At(TimeNs t) const {
    std::vector<TimeNs> times;
    for (const Match& match : matches_) {
      if (!match.trimmed && match.time > t - width_ && match.time <= t) times.push_back(match.time);
    }
    std::sort(times.begin(), times.end());
    return times;
  }

  // Whether something that was trimmed would count at `t`.
  bool Lacks(TimeNs t) const {
    for (const Match& match : matches_) {
      if (match.trimmed && match.time > t - width_ && match.time <= t) return true;
    }
    return false;
  }

 private:
  struct Match {
    TimeNs time;
    bool trimmed;
  };

  DurationNs width_;
  std::vector<Match> matches_;
};

// Matches come late, at most the width behind; instants only go forward.
TEST(SlidingWindowTest, AgreesWithANaiveOneOnRandomInput) {
  constexpr uint32_t kSeed = 32;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 300; ++round) {
    const DurationNs width = 1 + random() % 40;
    SlidingWindow window(width);
    NaiveWindow naive(width);
    TimeNs now = 0;
    const std::string where = absl::StrCat("seed ", kSeed, ", round ", round);
    for (int step = 0; step < 200; ++step) {
      const uint32_t dice = random() % 16;
      if (dice < 11) {
        const TimeNs t = now - static_cast<TimeNs>(random() % width) + random() % (2 * width);
        window.Insert({t, static_cast<uint64_t>(step)});
        naive.Insert(t);
      } else if (dice == 11) {
        const TimeNs t = now - 3 + random() % 6;
        window.DropThrough(t);
        naive.DropThrough(t);
      } else if (dice == 12) {
        const size_t keep = random() % 4;
        window.Trim(now, keep);
        naive.Trim(now, keep);
      } else {
        now += random() % 5;
      }
      ASSERT_EQ(Times(window.At(now)), naive.At(now)) << where;
      ASSERT_EQ(Times(window.Before(now + 1)), naive.At(now)) << where;
      // Saying "not exact" too long is a pity; saying "exact" of a wrong number is a lie.
      ASSERT_FALSE(window.ExactAt(now) && naive.Lacks(now)) << where;
      ASSERT_TRUE(std::is_sorted(window.all().begin(), window.all().end())) << where;
    }
  }
}

TEST(SlidingWindowTest, MatchesInOrderCostNoMoreTheMoreThereAre) {
  SlidingWindow window(1'000);
  for (TimeNs t = 0; t < 200'000; ++t) {
    window.Insert({t});
    window.Trim(t, 10'000);
    ASSERT_LE(window.all().size(), 1'000u);
  }
  EXPECT_EQ(window.At(199'999).size(), 1'000u);
}

}  // namespace
}  // namespace tallybell
