// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/window/times_ring.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/window/sliding_window.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr DurationNs kWidth = 50;
constexpr size_t kTruth = 3;
constexpr size_t kPlaces = 40;

// One list of all times that any window ever put aside, of which the last kPlaces count; each
// window keeps what truth needs and as many of its newest other times as it has places.
class SlowRing {
 public:
  void Trim(size_t window, TimeNs t, std::vector<TimeNs> decided) {
    Group& group = groups_[window];
    for (const TimeNs time : decided) group.times.push_back(time);
    std::sort(group.times.begin(), group.times.end());
    while (!group.times.empty() && group.times.front() <= t - kWidth) {
      group.times.erase(group.times.begin());
      if (group.aside > 0) --group.aside;
    }
    const size_t aside = group.times.size() > kTruth ? group.times.size() - kTruth : 0;
    for (; group.aside < aside; ++group.aside) places_.push_back(window);
    group.aside = aside;
    while (places_.size() > kPlaces) places_.pop_front();
    for (size_t i = 0; i < groups_.size(); ++i) Shrink(i);
  }

  void Clear(size_t window, TimeNs t) {
    Group& group = groups_[window];
    while (!group.times.empty() && group.times.front() <= t) {
      group.times.erase(group.times.begin());
      if (group.aside > 0) --group.aside;
    }
    if (group.lacks <= t) group.lacks = kNoTime;
  }

  void Forget(size_t window) { groups_[window] = Group(); }
  // A window that takes the place of one that is gone has none of its places.
  void Replace(size_t window) {
    for (size_t& owner : places_) {
      if (owner == window) owner = SIZE_MAX;
    }
  }

  const std::vector<TimeNs>& times(size_t window) const { return groups_[window].times; }
  bool Exact(size_t window, TimeNs t) const { return groups_[window].lacks <= t - kWidth; }
  void Resize(size_t windows) { groups_.resize(windows); }

 private:
  struct Group {
    std::vector<TimeNs> times;
    size_t aside = 0;
    TimeNs lacks = kNoTime;
  };

  void Shrink(size_t window) {
    Group& group = groups_[window];
    const auto places = static_cast<size_t>(std::count(places_.begin(), places_.end(), window));
    while (group.aside > places) {
      group.lacks = std::max(group.lacks, group.times.front());
      group.times.erase(group.times.begin());
      --group.aside;
    }
  }

  std::vector<Group> groups_;
  std::deque<size_t> places_;
};

TEST(TimesRingTest, AgreesWithOneListOfAllTimesThatWerePutAside) {
  constexpr uint32_t kSeed = 35;
  std::mt19937 random(kSeed);
  int64_t given_way = 0;
  for (int round = 0; round < 200; ++round) {
    TimesRing ring(kPlaces * TimesRing::kBytesPerTime);
    const size_t count = 1 + random() % 6;
    std::vector<std::unique_ptr<SlidingWindow>> windows(count);
    for (auto& window : windows) window = std::make_unique<SlidingWindow>();
    SlowRing slow;
    slow.Resize(count);
    TimeNs now = 0;
    const std::string where = absl::StrCat("seed ", kSeed, ", round ", round);
    for (int step = 0; step < 150; ++step) {
      now += random() % 4;
      const size_t which = random() % count;
      SlidingWindow& window = *windows[which];
      const uint32_t dice = random() % 20;
      if (dice == 0) {
        const TimeNs t = now - random() % 20;
        window.DropThrough(t);
        slow.Clear(which, t);
      } else if (dice == 1) {
        windows[which] = std::make_unique<SlidingWindow>();
        slow.Forget(which);
        slow.Replace(which);
      } else {
        std::vector<TimeNs> times;
        for (int i = random() % 8; i > 0; --i) times.push_back(now - random() % (kWidth / 2));
        for (const TimeNs t : times) window.Insert(WindowMatch(t), now, nullptr);
        window.Trim(now - kWidth, kTruth, 1'000, &ring);
        slow.Trim(which, now, times);
      }
      ASSERT_LE(ring.taken(), kPlaces) << where;
      for (size_t i = 0; i < count; ++i) {
        std::vector<TimeNs> kept;
        for (size_t j = 0; j < windows[i]->size(); ++j) kept.push_back(windows[i]->At(j).time());
        ASSERT_EQ(kept, slow.times(i)) << where << ", step " << step << ", window " << i;
        ASSERT_EQ(windows[i]->ExactAt(kWidth, now), slow.Exact(i, now)) << where;
      }
    }
    given_way += ring.given_way();
  }
  EXPECT_GT(given_way, 1'000) << "the ring was never full";
}

TEST(TimesRingTest, WhatTruthNeedsNeverGivesWay) {
  TimesRing ring(TimesRing::kBytesPerTime);
  std::vector<std::unique_ptr<SlidingWindow>> windows;
  for (int i = 0; i < 100; ++i) {
    windows.push_back(std::make_unique<SlidingWindow>());
    for (TimeNs t = 0; t < 10; ++t) windows.back()->Insert(WindowMatch(t), 10, nullptr);
    windows.back()->Trim(-1, kTruth, 1'000, &ring);
  }
  for (const auto& window : windows) {
    ASSERT_GE(window->size(), kTruth);
    EXPECT_EQ(window->At(window->size() - 1).time(), 9);
  }
  EXPECT_EQ(ring.taken(), 1u);
  EXPECT_EQ(windows[0]->size(), kTruth);
  EXPECT_FALSE(windows[0]->ExactAt(kWidth, 10));
}

TEST(TimesRingTest, ManyTimesThatLeftTheirWindowsTakeNoMemory) {
  TimesRing ring(1'000 * TimesRing::kBytesPerTime);
  for (int round = 0; round < 100; ++round) {
    SlidingWindow window;
    for (TimeNs t = 0; t < 100; ++t) window.Insert(WindowMatch(t), 100, nullptr);
    window.Trim(-1, 1, 1'000, &ring);
  }
  EXPECT_EQ(ring.taken(), 1'000u);
}

}  // namespace
}  // namespace tallybell
