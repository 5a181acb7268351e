// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/window/sliding_window.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// A window with its width, and what was decided.
class Rig {
 public:
  explicit Rig(DurationNs width, const std::vector<TimeNs>& times = {}) : width_(width) {
    for (const TimeNs t : times) Insert(t);
  }

  void Insert(TimeNs t) { window.Insert(WindowMatch(t), decided_, nullptr); }
  void DecideThrough(TimeNs t) {
    decided_ = std::max(decided_, t);
    window.DecideThrough(t);
  }
  void Trim(TimeNs t, size_t keep) {
    DecideThrough(t);
    window.Trim(t - width_, keep, keep, nullptr);
  }
  std::vector<TimeNs> At(TimeNs t) const {
    const SlidingWindow::Range in = window.In(width_, t);
    std::vector<TimeNs> times;
    for (size_t i = in.begin; i < in.end; ++i) times.push_back(window.At(i).time());
    return times;
  }
  std::vector<TimeNs> All() const {
    std::vector<TimeNs> times;
    for (size_t i = 0; i < window.size(); ++i) times.push_back(window.At(i).time());
    return times;
  }
  bool ExactAt(TimeNs t) const { return window.ExactAt(width_, t); }

  SlidingWindow window;

 private:
  const DurationNs width_;
  TimeNs decided_ = kNoTime;
};

TEST(SlidingWindowTest, AMatchExactlyTheWidthAgoIsOut) {
  const Rig rig(20 * kMinute, {0});
  EXPECT_EQ(rig.At(0).size(), 1u);
  EXPECT_EQ(rig.At(20 * kMinute - 1).size(), 1u);
  EXPECT_EQ(rig.At(20 * kMinute).size(), 0u);
  EXPECT_EQ(rig.At(-1).size(), 0u);
}

TEST(SlidingWindowTest, JustBeforeAnInstantItsOwnMatchIsOutAndTheLeavingOneIn) {
  const Rig rig(10, {0, 5, 10});
  EXPECT_EQ(rig.At(10), (std::vector<TimeNs>{5, 10}));
  EXPECT_EQ(rig.At(9), (std::vector<TimeNs>{0, 5}));
}

TEST(SlidingWindowTest, EqualTimesAreOrderedByPlace) {
  EvidenceRing ring;
  SlidingWindow window;
  const auto insert = [&](uint32_t file, uint64_t offset) {
    window.Insert(WindowMatch(5, ring.Add(5, {file, offset, ""})), kNoTime, &ring);
  };
  insert(1, 7);
  insert(0, 9);
  insert(1, 3);
  insert(1, 3);
  ASSERT_EQ(window.size(), 4u);
  std::vector<uint64_t> offsets;
  for (size_t i = 0; i < window.size(); ++i) {
    EvidenceEntry entry;
    ASSERT_TRUE(ring.Get(window.At(i), &entry));
    offsets.push_back(entry.offset);
  }
  EXPECT_EQ(offsets, (std::vector<uint64_t>{9, 3, 3, 7}));
}

TEST(SlidingWindowTest, AClearTakesOutWhatIsNotAfterIt) {
  Rig rig(100, {1, 2, 2, 3});
  rig.window.DropThrough(2);
  EXPECT_EQ(rig.All(), (std::vector<TimeNs>{3}));
  rig.window.DropThrough(3);
  EXPECT_TRUE(rig.All().empty());
}

TEST(SlidingWindowTest, TrimKeepsTheNewestAndAllThatIsNotDecided) {
  Rig rig(100, {1, 2, 3, 4, 5, 6});
  rig.Trim(/*t=*/4, /*keep=*/2);
  EXPECT_EQ(rig.All(), (std::vector<TimeNs>{3, 4, 5, 6}));
  EXPECT_EQ(rig.window.decided(), 2u);
  EXPECT_EQ(rig.window.trimmed_through(), 2);
}

TEST(SlidingWindowTest, IsExactAgainOnceWhatWasTrimmedWouldHaveLeft) {
  Rig rig(100, {1, 2, 3});
  EXPECT_TRUE(rig.ExactAt(3));
  rig.Trim(3, 1);
  EXPECT_FALSE(rig.ExactAt(3));
  EXPECT_FALSE(rig.ExactAt(101));
  EXPECT_TRUE(rig.ExactAt(102));
}

TEST(SlidingWindowTest, AMatchThatComesLateDoesNotHideWhatWasTrimmed) {
  Rig rig(100, {10, 20, 30});
  rig.Trim(30, 2);
  rig.Insert(5);
  rig.Trim(30, 2);
  EXPECT_EQ(rig.All(), (std::vector<TimeNs>{20, 30}));
  EXPECT_FALSE(rig.ExactAt(106));
  EXPECT_TRUE(rig.ExactAt(110));
}

TEST(SlidingWindowTest, ALateClearDoesNotHideWhatWasTrimmedAfterIt) {
  Rig rig(100, {10, 20, 30});
  rig.Trim(30, 1);
  rig.window.DropThrough(15);
  EXPECT_FALSE(rig.ExactAt(30));
  rig.window.DropThrough(20);
  EXPECT_TRUE(rig.ExactAt(30));
}

TEST(SlidingWindowTest, TheEndsOfTimeAreInstantsToo) {
  Rig rig(kDay);
  rig.Insert(kNoTime + 1);
  rig.Insert(kNever - 1);
  EXPECT_EQ(rig.At(kNoTime + 1), (std::vector<TimeNs>{kNoTime + 1}));
  EXPECT_EQ(rig.At(kNever - 1), (std::vector<TimeNs>{kNever - 1}));
  EXPECT_TRUE(rig.At(0).empty());
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
    Rig rig(width);
    NaiveWindow naive(width);
    TimeNs now = 0;
    const std::string where = absl::StrCat("seed ", kSeed, ", round ", round);
    for (int step = 0; step < 200; ++step) {
      const uint32_t dice = random() % 16;
      if (dice < 11) {
        const TimeNs t = now - static_cast<TimeNs>(random() % width) + random() % (2 * width);
        rig.Insert(t);
        naive.Insert(t);
      } else if (dice == 11) {
        const TimeNs t = now - 3 + random() % 6;
        rig.window.DropThrough(t);
        naive.DropThrough(t);
      } else if (dice == 12) {
        const size_t keep = random() % 4;
        rig.Trim(now, keep);
        naive.Trim(now, keep);
      } else {
        now += random() % 5;
      }
      ASSERT_EQ(rig.At(now), naive.At(now)) << where;
      // Saying "not exact" too long is a pity; saying "exact" of a wrong number is a lie.
      ASSERT_FALSE(rig.ExactAt(now) && naive.Lacks(now)) << where;
      const std::vector<TimeNs> all = rig.All();
      ASSERT_TRUE(std::is_sorted(all.begin(), all.end())) << where;
    }
  }
}

// Thousands of matches that are not decided, so that most stand in chunks.
TEST(SlidingWindowTest, AgreesWithASortedListWhereManyAreNotDecided) {
  constexpr uint32_t kSeed = 33;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 20; ++round) {
    SlidingWindow window;
    std::multiset<TimeNs> list;
    TimeNs decided = kNoTime;
    const std::string where = absl::StrCat("seed ", kSeed, ", round ", round);
    const TimeNs span = 1 + random() % 20'000;
    for (int step = 0; step < 40; ++step) {
      for (int i = random() % 300; i > 0; --i) {
        const TimeNs t = static_cast<TimeNs>(random() % span);
        window.Insert(WindowMatch(t), decided, nullptr);
        list.insert(t);
      }
      const TimeNs t = static_cast<TimeNs>(random() % span);
      const auto through = [&list](TimeNs at) {
        return static_cast<size_t>(std::distance(list.begin(), list.upper_bound(at)));
      };
      ASSERT_EQ(window.FirstAfter(t), through(t)) << where;
      if (random() % 8 == 0) {
        decided = std::max(decided, t / 8);
        window.DecideThrough(decided);
      }
      if (random() % 16 == 0) {
        window.DropThrough(t / 16);
        list.erase(list.begin(), list.upper_bound(t / 16));
      }
      ASSERT_EQ(window.size(), list.size()) << where;
      ASSERT_EQ(window.decided(), decided == kNoTime ? 0 : through(decided)) << where;
      if (list.empty()) continue;
      const size_t index = random() % list.size();
      ASSERT_EQ(window.At(index).time(), *std::next(list.begin(), index)) << where;

      // The first undecided one with enough others close behind it, looked for one by one.
      const size_t count = 1 + random() % 5;
      const DurationNs width = 1 + random() % 50;
      const std::vector<TimeNs> all(list.begin(), list.end());
      size_t dense = all.size();
      for (size_t i = std::max(window.decided(), count - 1); i < all.size(); ++i) {
        if (all[i + 1 - count] <= all[i] - width) continue;
        dense = i;
        break;
      }
      ASSERT_EQ(window.FirstDense(count, width), dense) << where;
      const SlidingWindow copy(window);
      ASSERT_EQ(copy.FirstDense(count, width), dense) << where;
    }
  }
}

TEST(SlidingWindowTest, MatchesInOrderCostNoMoreTheMoreThereAre) {
  Rig rig(1'000);
  for (TimeNs t = 0; t < 200'000; ++t) {
    rig.Insert(t);
    rig.Trim(t, 10'000);
    ASSERT_LE(rig.window.size(), 1'000u);
  }
  EXPECT_EQ(rig.At(199'999).size(), 1'000u);
}

TEST(SlidingWindowTest, DisorderMovesFewMatchesHoweverManyThereAre) {
  SlidingWindow window;
  constexpr int kMatches = 400'000;
  std::mt19937 random(34);
  for (int i = 0; i < kMatches; ++i) {
    window.Insert(WindowMatch(static_cast<TimeNs>(random())), kNoTime, nullptr);
  }
  EXPECT_EQ(window.size(), static_cast<size_t>(kMatches));
  EXPECT_LT(window.moved(), size_t{kMatches} * FarMatches::kChunk);
  window.DecideThrough(kNever - 1);
  EXPECT_EQ(window.decided(), static_cast<size_t>(kMatches));
}

}  // namespace
}  // namespace tallybell
