// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/line_count.h"

#include <algorithm>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(CountLinesTest, ALastLineWithoutItsNewlineIsALine) {
  EXPECT_EQ(CountLines(""), 0);
  EXPECT_EQ(CountLines("\n"), 1);
  EXPECT_EQ(CountLines("a"), 1);
  EXPECT_EQ(CountLines("a\nb"), 2);
  EXPECT_EQ(CountLines("a\nb\n"), 2);
}

TEST(CountLinesTest, AgreesWithAWalkOverAnyBytes) {
  constexpr uint32_t kSeed = 7;
  std::mt19937 random(kSeed);
  // Neighbours of the newline's bit pattern, where a carry would show.
  constexpr char kBytes[] = {'\n', '\x0b', '\x09', '\x8a', '\x00', '\x7f', '\x80', '\xff', 'a'};
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes(random() % 200, ' ');
    for (char& byte : bytes) byte = kBytes[random() % sizeof(kBytes)];
    const int64_t expected = std::count(bytes.begin(), bytes.end(), '\n') +
                             (!bytes.empty() && bytes.back() != '\n' ? 1 : 0);
    ASSERT_EQ(CountLines(bytes), expected) << "seed " << kSeed << ", round " << round;
  }
}

}  // namespace
}  // namespace tallybell
