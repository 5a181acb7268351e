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
    std::string bytes(random() % 400, ' ');
    for (char& byte : bytes) byte = kBytes[random() % sizeof(kBytes)];
    // Where many bytes are looked at together, one among them shows.
    if (round % 3 > 0) std::replace(bytes.begin(), bytes.end(), '\0', 'b');
    if (round % 3 == 1 && !bytes.empty()) bytes[random() % bytes.size()] = '\0';
    if (round % 5 == 1 && !bytes.empty()) bytes[random() % bytes.size()] = '\x1b';
    const auto is_high = [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; };
    if (round % 7 > 0) std::replace_if(bytes.begin(), bytes.end(), is_high, '\x7f');
    if (round % 7 == 1 && !bytes.empty()) bytes[random() % bytes.size()] = '\x80';
    const int64_t expected = std::count(bytes.begin(), bytes.end(), '\n') +
                             (!bytes.empty() && bytes.back() != '\n' ? 1 : 0);
    ByteFacts facts;
    for (size_t begin = 0; begin < bytes.size();) {
      const size_t size = round % 2 == 0 ? bytes.size() : 1 + random() % 200;
      facts.Add(bytes.substr(begin, size));
      begin += size;
    }
    ASSERT_EQ(facts.lines(), expected) << "seed " << kSeed << ", round " << round;
    ASSERT_EQ(facts.has_nul, bytes.find('\0') != std::string::npos) << "round " << round;
    ASSERT_EQ(facts.has_escape, bytes.find('\x1b') != std::string::npos) << "round " << round;
    ASSERT_EQ(facts.has_high, std::any_of(bytes.begin(), bytes.end(), is_high))
        << "round " << round;
    ASSERT_EQ(CountLines(bytes), expected);
  }
}

}  // namespace
}  // namespace tallybell
