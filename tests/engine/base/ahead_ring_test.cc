// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/ahead_ring.h"

#include <atomic>
#include <memory>
#include <vector>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(AheadRingTest, FillsThePlacesInOrderHoweverManyWork) {
  for (const int workers : {0, 1, 3}) {
    for (const size_t places : {2, 3, 7}) {
      WorkerCrew crew(workers);
      constexpr int kLast = 200;
      std::vector<int> filled(places);
      std::atomic<int> under_way{0};
      int next = 0;
      AheadRing ring(
          places,
          [&](size_t place) {
            EXPECT_EQ(++under_way, 1);
            filled[place] = next++;
            --under_way;
            return filled[place] < kLast;
          },
          &crew);
      for (int i = 0; i < kLast; ++i) {
        ASSERT_EQ(filled[ring.Front()], i) << workers << " workers, " << places << " places";
        ASSERT_EQ(filled[ring.Front()], i);
        ring.Pop();
      }
      EXPECT_EQ(filled[ring.Front()], kLast);
      EXPECT_EQ(next, kLast + 1);
    }
  }
}

TEST(AheadRingTest, IsNeverFurtherAheadThanItHasPlaces) {
  constexpr size_t kPlaces = 3;
  WorkerCrew crew(2);
  std::atomic<int> filled{0};
  std::atomic<int> popped{0};
  AheadRing ring(
      kPlaces,
      [&](size_t) {
        EXPECT_LE(++filled, popped + static_cast<int>(kPlaces));
        return true;
      },
      &crew);
  for (int i = 0; i < 500; ++i) {
    ring.Front();
    ++popped;
    ring.Pop();
  }
}

TEST(AheadRingTest, RingsOfOneCrewWaitForEachOtherWithoutEnd) {
  // One fills its places from another, as what is found in a file comes from its bytes.
  for (const int workers : {0, 1, 2, 4}) {
    WorkerCrew crew(workers);
    constexpr int kEach = 100;
    struct Pair {
      int bytes[2] = {0, 0};
      int next_byte = 0;
      int sums[2] = {0, 0};
      std::unique_ptr<AheadRing> inner;
      std::unique_ptr<AheadRing> outer;
    };
    std::vector<std::unique_ptr<Pair>> pairs;
    for (int i = 0; i < 8; ++i) {
      pairs.push_back(std::make_unique<Pair>());
      Pair* const pair = pairs.back().get();
      pair->inner = std::make_unique<AheadRing>(
          2,
          [pair](size_t place) {
            pair->bytes[place] = ++pair->next_byte;
            return true;
          },
          &crew);
      pair->outer = std::make_unique<AheadRing>(
          2,
          [pair](size_t place) {
            pair->sums[place] = 0;
            for (int n = 0; n < 5; ++n) {
              pair->sums[place] += pair->bytes[pair->inner->Front()];
              pair->inner->Pop();
            }
            return true;
          },
          &crew);
    }
    for (int i = 0; i < kEach; ++i) {
      for (const auto& pair : pairs) {
        ASSERT_EQ(pair->sums[pair->outer->Front()], 5 * (5 * i + 3));
        pair->outer->Pop();
      }
    }
    for (const auto& pair : pairs) pair->outer.reset();
  }
}

TEST(AheadRingTest, MayGoAtAnyTime) {
  for (int round = 0; round < 200; ++round) {
    WorkerCrew crew(round % 3);
    int filled = 0;
    AheadRing ring(
        3, [&filled](size_t) { return ++filled < 50; }, &crew);
    for (int i = 0; i < round % 20; ++i) {
      ring.Front();
      ring.Pop();
    }
  }
}

}  // namespace
}  // namespace tallybell
