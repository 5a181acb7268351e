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

// A ring with a clock of its own, so that a handle has its time.
class Rig {
 public:
  explicit Rig(size_t capacity = EvidenceRing::kDefaultCapacity) : ring_(capacity) {}

  WindowMatch Add(absl::string_view line, uint32_t file = 0, uint64_t offset = 0) {
    const TimeNs time = next_++;
    return WindowMatch(time, ring_.Add(time, {file, offset, line}));
  }
  bool Get(const WindowMatch& match, absl::string_view* line) const {
    EvidenceEntry entry;
    const bool there = ring_.Get(match, &entry);
    if (there) *line = entry.line;
    return there;
  }
  EvidenceRing& ring() { return ring_; }

 private:
  EvidenceRing ring_;
  TimeNs next_ = 1'000;
};

TEST(EvidenceRingTest, GivesBackWhatItWasGiven) {
  Rig rig;
  const WindowMatch first = rig.Add("first", 7, 1'234'567'890'123);
  const WindowMatch empty = rig.Add("");
  const WindowMatch odd = rig.Add(absl::string_view("a\0\xff\n", 4));
  absl::string_view line;
  ASSERT_TRUE(rig.Get(first, &line));
  EXPECT_EQ(line, "first");
  EvidenceEntry entry;
  ASSERT_TRUE(rig.ring().Get(first, &entry));
  EXPECT_EQ(entry.file, 7u);
  EXPECT_EQ(entry.offset, 1'234'567'890'123u);
  ASSERT_TRUE(rig.Get(empty, &line));
  EXPECT_EQ(line, "");
  ASSERT_TRUE(rig.Get(odd, &line));
  EXPECT_EQ(line, absl::string_view("a\0\xff\n", 4));
  EXPECT_FALSE(rig.Get(WindowMatch(first.time()), &line)) << "a match whose line nobody kept";
}

TEST(EvidenceRingTest, CutsALineThatIsTooLong) {
  Rig rig;
  absl::string_view line;
  ASSERT_TRUE(rig.Get(rig.Add(std::string(1'000'000, 'x')), &line));
  EXPECT_EQ(line, std::string(EvidenceRing::kMaxLine, 'x'));
}

TEST(EvidenceRingTest, TheOldestLinesGiveWayFirst) {
  Rig rig(3 * kMiB);
  std::vector<std::pair<WindowMatch, std::string>> added;
  constexpr uint32_t kSeed = 31;
  std::mt19937 random(kSeed);
  size_t bytes = 0;
  for (int i = 0; bytes < 20 * kMiB; ++i) {
    std::string line = absl::StrCat(i, ":", std::string(random() % 5'000, 'a' + i % 26));
    bytes += std::min(line.size(), EvidenceRing::kMaxLine);
    added.emplace_back(rig.Add(line), line.substr(0, EvidenceRing::kMaxLine));
  }
  // Walking back from the newest: all there, at least 2 MiB of them, then all gone.
  bool gone = false;
  size_t kept = 0;
  for (auto it = added.rbegin(); it != added.rend(); ++it) {
    absl::string_view line;
    const bool there = rig.Get(it->first, &line);
    ASSERT_FALSE(there && gone) << "seed " << kSeed;
    gone = !there;
    if (!there) continue;
    ASSERT_EQ(line, it->second) << "seed " << kSeed;
    kept += line.size() + 24;
  }
  EXPECT_TRUE(gone);
  EXPECT_GE(kept, 2 * kMiB - 2 * EvidenceRing::kMaxLine);
  EXPECT_LE(kept, 3 * kMiB);
}

TEST(EvidenceRingTest, TheSmallestRingStillHoldsTheNewestLine) {
  Rig rig(0);
  absl::string_view line;
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(rig.Get(rig.Add(std::string(4'000, 'a' + i % 26)), &line));
    ASSERT_EQ(line, std::string(4'000, 'a' + i % 26));
  }
}

TEST(EvidenceRingTest, AHandleOfNobodyIsRefusedOrHarmless) {
  EvidenceRing ring(kMiB);
  EvidenceEntry entry;
  EXPECT_FALSE(ring.Get(WindowMatch(0, 0), &entry));
  ring.Add(5, {0, 0, "one"});
  for (const uint32_t handle : {1u, 2u, 3u, 4u, 1'000u, 65'536u, UINT32_MAX}) {
    EXPECT_FALSE(ring.Get(WindowMatch(5, handle), &entry)) << handle;
  }
  EXPECT_FALSE(ring.Get(WindowMatch(6, 0), &entry)) << "of another time";
}

TEST(EvidenceRingTest, OrdersMatchesOfOneTimeByTheirPlaces) {
  EvidenceRing ring(kMiB);
  const WindowMatch later(5, ring.Add(5, {1, 20, "b"}));
  const WindowMatch first(5, ring.Add(5, {1, 10, "a"}));
  const WindowMatch other(5, ring.Add(5, {0, 30, "c"}));
  EXPECT_TRUE(ring.Before(first, later));
  EXPECT_FALSE(ring.Before(later, first));
  EXPECT_TRUE(ring.Before(other, first));
  EXPECT_TRUE(ring.Before(WindowMatch(4), other));
  EXPECT_TRUE(ring.Before(WindowMatch(5), other)) << "what gave way comes first";
  EXPECT_FALSE(ring.Before(other, other));
}

TEST(EvidenceRingTest, OneLineThatSeveralRulesCountIsKeptOnce) {
  EvidenceRing ring(kMiB);
  const uint32_t first = ring.Add(5, {1, 20, "boom"});
  const uint64_t end = ring.end();
  EXPECT_EQ(ring.Add(5, {1, 20, "boom"}), first);
  EXPECT_EQ(ring.end(), end);
  EXPECT_NE(ring.Add(5, {1, 20, "cut elsewhere"}), first);
  EXPECT_NE(ring.Add(5, {1, 21, "boom"}), first);
  EXPECT_NE(ring.Add(5, {2, 20, "boom"}), first);
  EXPECT_NE(ring.Add(6, {1, 20, "boom"}), first);
}

TEST(EvidenceRingTest, LinesArePutBackWhereTheyWere) {
  Rig rig(3 * kMiB);
  constexpr uint32_t kSeed = 33;
  std::mt19937 random(kSeed);
  std::vector<std::pair<WindowMatch, std::string>> added;
  for (int i = 0; i < 6'000; ++i) {
    std::string line = absl::StrCat(i, ":", std::string(random() % 1'500, 'a' + i % 26));
    added.emplace_back(rig.Add(line, i % 3, i), line);
  }
  EvidenceRing other(3 * kMiB);
  uint64_t next = 0;
  rig.ring().Visit(rig.ring().begin(), [&](uint64_t place, TimeNs time, const EvidenceEntry& e) {
    EXPECT_GE(place, next);
    next = place + 1;
    EXPECT_TRUE(other.PutBack(place, time, e)) << place;
    EXPECT_FALSE(other.PutBack(place, time, e)) << "twice";
    return true;
  });
  EXPECT_EQ(other.end(), rig.ring().end());
  size_t there = 0;
  for (const auto& [match, line] : added) {
    EvidenceEntry was, is;
    ASSERT_EQ(other.Get(match, &is), rig.ring().Get(match, &was)) << "seed " << kSeed;
    if (!rig.ring().Get(match, &was)) continue;
    ++there;
    EXPECT_EQ(is.line, line);
    EXPECT_EQ(is.file, was.file);
    EXPECT_EQ(is.offset, was.offset);
  }
  EXPECT_GT(there, 1'000u);
  EXPECT_LT(there, added.size());
}

TEST(EvidenceRingTest, ALineCanBePutBackFarBehindTheOthersOnly) {
  EvidenceRing ring(2 * kMiB);
  EXPECT_TRUE(ring.PutBack(10, 1, {0, 0, "one"}));
  EXPECT_FALSE(ring.PutBack(9, 1, {0, 0, "before it"}));
  EXPECT_FALSE(ring.PutBack(EvidenceRing::kChunkUnits - 1, 1, {0, 0, "no room in its chunk"}));
  EXPECT_FALSE(ring.PutBack(UINT64_MAX, 1, {0, 0, "nowhere"}));
  EXPECT_FALSE(ring.PutBack(20, 1, {0, 0, std::string(EvidenceRing::kMaxLine + 1, 'x')}));
  const uint64_t far = (uint64_t{1} << 39) * EvidenceRing::kChunkUnits + 4;
  EXPECT_TRUE(ring.PutBack(far, 2, {0, 0, "two"}));
  EvidenceEntry entry;
  ASSERT_TRUE(ring.Get(WindowMatch(2, static_cast<uint32_t>(far)), &entry));
  EXPECT_EQ(entry.line, "two");
  EXPECT_FALSE(ring.Get(WindowMatch(1, 10), &entry)) << "too far away to be kept as well";
  const WindowMatch next(3, ring.Add(3, {0, 0, "three"}));
  ASSERT_TRUE(ring.Get(next, &entry));
  EXPECT_EQ(entry.line, "three");
}

TEST(EvidenceRingTest, ForgetsWhatIsOldAndCountsItNot) {
  EvidenceRing ring(8 * kMiB);
  std::vector<WindowMatch> added;
  for (TimeNs t = 0; t < 6'000; ++t) {
    added.emplace_back(t, ring.Add(t, {0, 0, std::string(1'000, 'x')}));
  }
  ring.Forget(4'000);
  EvidenceEntry entry;
  EXPECT_FALSE(ring.Get(added[0], &entry));
  for (size_t i = 4'000; i < added.size(); ++i) ASSERT_TRUE(ring.Get(added[i], &entry)) << i;
  EXPECT_EQ(ring.given_way(), 0);
  EXPECT_GT(ring.begin(), 0u);
  ring.Forget(kNever);
  EXPECT_TRUE(ring.Get(added.back(), &entry)) << "the newest stay";
}

}  // namespace
}  // namespace tallybell
