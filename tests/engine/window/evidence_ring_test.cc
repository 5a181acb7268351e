// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/window/evidence_ring.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr size_t kMiB = 1 << 20;

TEST(EvidenceRingTest, GivesBackWhatItWasGiven) {
  EvidenceRing ring;
  const uint64_t first = ring.Add("first");
  const uint64_t empty = ring.Add("");
  const uint64_t odd = ring.Add(absl::string_view("a\0\xff\n", 4));
  absl::string_view line;
  ASSERT_TRUE(ring.Get(first, &line));
  EXPECT_EQ(line, "first");
  ASSERT_TRUE(ring.Get(empty, &line));
  EXPECT_EQ(line, "");
  ASSERT_TRUE(ring.Get(odd, &line));
  EXPECT_EQ(line, absl::string_view("a\0\xff\n", 4));
}

TEST(EvidenceRingTest, CutsALineThatIsTooLong) {
  EvidenceRing ring;
  absl::string_view line;
  ASSERT_TRUE(ring.Get(ring.Add(std::string(1'000'000, 'x')), &line));
  EXPECT_EQ(line, std::string(EvidenceRing::kMaxLine, 'x'));
}

TEST(EvidenceRingTest, TheOldestLinesGiveWayFirst) {
  EvidenceRing ring(3 * kMiB);
  std::vector<std::pair<uint64_t, std::string>> added;
  constexpr uint32_t kSeed = 31;
  std::mt19937 random(kSeed);
  size_t bytes = 0;
  for (int i = 0; bytes < 20 * kMiB; ++i) {
    std::string line = absl::StrCat(i, ":", std::string(random() % 5'000, 'a' + i % 26));
    bytes += std::min(line.size(), EvidenceRing::kMaxLine);
    added.emplace_back(ring.Add(line), line.substr(0, EvidenceRing::kMaxLine));
  }
  // Walking back from the newest: all there, at least 2 MiB of them, then all gone.
  bool gone = false;
  size_t kept = 0;
  for (auto it = added.rbegin(); it != added.rend(); ++it) {
    absl::string_view line;
    const bool there = ring.Get(it->first, &line);
    ASSERT_FALSE(there && gone) << "seed " << kSeed;
    gone = !there;
    if (!there) continue;
    ASSERT_EQ(line, it->second) << "seed " << kSeed;
    kept += line.size() + 2;
  }
  EXPECT_TRUE(gone);
  EXPECT_GE(kept, 2 * kMiB - 2 * EvidenceRing::kMaxLine);
  EXPECT_LE(kept, 3 * kMiB);
}

TEST(EvidenceRingTest, TheSmallestRingStillHoldsTheNewestLine) {
  EvidenceRing ring(0);
  absl::string_view line;
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(ring.Get(ring.Add(std::string(4'000, 'a' + i % 26)), &line));
    ASSERT_EQ(line, std::string(4'000, 'a' + i % 26));
  }
}

TEST(EvidenceRingTest, AHandleOfNobodyIsRefusedOrHarmless) {
  EvidenceRing ring(kMiB);
  absl::string_view line;
  EXPECT_FALSE(ring.Get(0, &line));
  ring.Add("one");
  for (const uint64_t handle :
       {uint64_t{1}, uint64_t{4}, uint64_t{5}, uint64_t{1'000}, uint64_t{kMiB}, ~uint64_t{0}}) {
    const bool there = ring.Get(handle, &line);
    EXPECT_TRUE(!there || line.size() <= 5) << handle;
  }
}

}  // namespace
}  // namespace tallybell
