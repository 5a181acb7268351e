// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What makes a Loki's lines count once: how far it was read, and what of that was counted.

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/run/loki_former.h"
#include "engine/run/loki_seen.h"
#include "engine/source/loki_passes.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr TimeNs kStart = 1'700'000'000 * kSecond;

LokiEntries Entries(const std::vector<std::tuple<TimeNs, int, std::string>>& lines) {
  LokiEntries entries;
  for (int stream = 0; stream < 4; ++stream) {
    entries.streams.push_back(Labels{{"host", absl::StrCat(stream)}});
  }
  for (const auto& [time, stream, line] : lines) {
    LokiEntry entry;
    entry.time = time;
    entry.stream = static_cast<uint32_t>(stream);
    entry.line = line;
    entries.entries.push_back(entry);
  }
  return entries;
}

std::vector<PositionRow> Saved(LokiSeen* seen) {
  Delta delta;
  seen->Save(&delta);
  std::map<std::string, PositionRow> last;
  for (const PositionRow& row : delta.positions) last[row.source] = row;
  std::vector<PositionRow> rows;
  for (const auto& [key, row] : last) {
    if (!row.erased) rows.push_back(row);
  }
  return rows;
}

TEST(LokiSeenTest, AnEntryIsItsStreamItsTimeItsLineAndItsPlaceAmongEquals) {
  const auto ids = LokiSeen::Identify(
      Entries({{1, 0, "a"}, {1, 0, "a"}, {1, 0, "b"}, {1, 1, "a"}, {2, 0, "a"}, {2, 0, "a"}}));
  for (size_t i = 0; i < ids.size(); ++i) {
    for (size_t j = 0; j < i; ++j) EXPECT_NE(ids[i], ids[j]) << i << " " << j;
  }
  // The same wherever a page begins, and in whatever order those of one instant come.
  const auto again = LokiSeen::Identify(Entries({{1, 1, "a"}, {1, 0, "b"}, {1, 0, "a"}}));
  EXPECT_EQ(again, (std::vector<uint64_t>{ids[3], ids[2], ids[0]}));
}

TEST(LokiSeenTest, WhatWasSeenIsSeenAfterARestartUntilItIsForgotten) {
  LokiSeen seen("k", {});
  EXPECT_TRUE(seen.Add(kStart, 1));
  EXPECT_FALSE(seen.Add(kStart, 1));
  EXPECT_TRUE(seen.Add(kStart + kSecond, 1));
  LokiSeen restored("k", Saved(&seen));
  EXPECT_FALSE(seen.Unsaved());
  EXPECT_EQ(restored.size(), 2u);
  EXPECT_FALSE(restored.Add(kStart, 1));
  restored.Forget(kStart + kSecond);
  EXPECT_TRUE(restored.Add(kStart, 1));
  EXPECT_FALSE(restored.Add(kStart + kSecond, 1));
  EXPECT_EQ(LokiSeen("other", Saved(&seen)).size(), 0u);
}

TEST(LokiSeenTest, WhatAnotherSourceKnewIsInheritedAndSaved) {
  LokiSeen other("a", {});
  other.Add(kStart, 1);
  other.Add(kStart + kSecond, 2);
  const std::vector<PositionRow> stored = Saved(&other);
  ASSERT_EQ(stored.size(), 2u);
  EXPECT_TRUE(LokiSeen::IsRowOf("a", stored[0]));
  EXPECT_FALSE(LokiSeen::IsRowOf("b", stored[0]));
  LokiSeen seen("b", stored);
  EXPECT_EQ(seen.size(), 0u);
  seen.Inherit("a", stored);
  EXPECT_FALSE(seen.Add(kStart, 1));
  LokiSeen restored("b", Saved(&seen));
  EXPECT_EQ(restored.size(), 2u);
  EXPECT_FALSE(restored.Add(kStart + kSecond, 2));
}

TEST(LokiFormerTest, IsWhatAskedTheSameLokiForTheSameTenantAndAsksNoMore) {
  LokiSourceConfig config;
  config.target.http.base = ParseUrl("http://loki:3100").value();
  config.target.query = "{new=\"1\"}";
  LokiSourceConfig stays = config;
  stays.target.query = "{stays=\"1\"}";
  LokiSourceConfig tenant = config;
  tenant.target.tenant = "red";
  tenant.target.query = "{old=\"1\"}";
  LokiSourceConfig old = tenant;
  old.target.tenant = "";
  const std::string state = "[[10,5000],[100,4000]]";
  std::vector<PositionRow> stored;
  for (const LokiSourceConfig* const one : {&stays, &tenant, &old}) {
    stored.push_back({LokiPassesRow(one->Key()), state});
    stored.push_back({absl::StrCat(one->Key(), "\nseen 1"), "\"\""});
  }
  const LokiFormer former = FindLokiFormer(config, {config, stays}, stored);
  EXPECT_EQ(former.keys, std::vector<std::string>{old.Key()});
  EXPECT_EQ(former.horizon, 4000);
  tenant.target.query = "{new=\"1\"}";
  EXPECT_EQ(FindLokiFormer(tenant, {tenant}, stored).keys.size(), 1u);
  // The same is asked for, and the Loki has moved.
  LokiSourceConfig moved = stays;
  moved.target.http.base = ParseUrl("https://logs.example").value();
  EXPECT_EQ(FindLokiFormer(moved, {moved}, stored).keys, std::vector<std::string>{stays.Key()});
  EXPECT_TRUE(FindLokiFormer(moved, {moved, stays}, stored).keys.empty());
  // One that is not new goes on where it was.
  EXPECT_TRUE(FindLokiFormer(stays, {stays}, stored).keys.empty());
  stored[0].state = "[[10]]";
  EXPECT_EQ(FindLokiFormer(config, {config}, stored).keys.size(), 1u);
}

TEST(LokiPassesTest, ARestartWithOtherAgesReadsAgainWhatItCannotBeSureOf) {
  LokiPasses passes({10, 100, 1000}, 0);
  passes.NoteRead(0, 5000, 5000);
  EXPECT_EQ(passes.read_to(), (std::vector<TimeNs>{4990, 4900, 4000}));
  LokiPasses restored({20, 100}, 7);
  restored.Restore(passes.ages(), passes.read_to());
  EXPECT_EQ(restored.read_to(), (std::vector<TimeNs>{4000, 4900}));
}

TEST(LokiPassesTest, ASpanBeyondAGapMovesNothing) {
  LokiPasses passes({10}, 100);
  passes.NoteRead(101, 500, 500);
  EXPECT_EQ(passes.settled(), 100);
  passes.GiveUp(300);
  EXPECT_EQ(passes.horizon(), 100);  // it was never read
}

TEST(LokiPassesTest, AClockThatIsSetBackReadsAgainWhatItIsSureOf) {
  LokiPasses passes({10, 100, 1000}, 0);
  passes.NoteRead(0, 5000, 5000);
  passes.NoteClock(4995);
  EXPECT_EQ(passes.read_to(), (std::vector<TimeNs>{4990, 4900, 4000}));
  passes.NoteClock(4500);
  EXPECT_EQ(passes.read_to(), (std::vector<TimeNs>{4490, 4400, 4000}));
  // Of what is older nobody knows any more what was counted.
  passes.NoteClock(3000);
  EXPECT_EQ(passes.read_to(), (std::vector<TimeNs>{4000, 4000, 4000}));
}

// A Loki to which lines come in any order, and readers that read any span at any time, die and
// go on from what they had saved.
class Model {
 public:
  explicit Model(uint64_t seed) : random_(seed) {}

  void Run() {
    LokiPasses passes(ages_, kStart);
    auto seen = std::make_unique<LokiSeen>("k", std::vector<PositionRow>());
    std::map<std::string, PositionRow> rows;
    auto saved_passes = passes;
    auto saved_counted = counted_;
    now_ = kStart;
    for (int step = 0; step < 400; ++step) {
      now_ += static_cast<DurationNs>(Below(3)) * kSecond + static_cast<DurationNs>(Below(5));
      Store();
      ReadSomething(&passes, seen.get());
      if (Below(4) == 0) {
        Delta delta;
        seen->Save(&delta);
        for (const PositionRow& row : delta.positions) rows[row.source] = row;
        saved_passes = passes;
        saved_counted = counted_;
      } else if (Below(10) == 0) {
        std::vector<PositionRow> stored;
        for (const auto& [key, row] : rows) {
          if (!row.erased) stored.push_back(row);
        }
        seen = std::make_unique<LokiSeen>("k", stored);
        passes = saved_passes;
        counted_ = saved_counted;
      }
    }
    // Nothing comes any more; all passes read to the end.
    now_ += 2 * ages_.back();
    Read(passes.horizon(), now_, &passes, seen.get());
  }

  void Check(uint64_t seed) const {
    std::map<Key, int> stored;
    for (const auto& [key, came] : stored_) stored[key] = 1;
    std::map<Key, int> counted;
    for (const Key& key : counted_) ++counted[key];
    EXPECT_EQ(counted, stored) << "seed " << seed;
  }

 private:
  using Key = std::tuple<TimeNs, int, std::string>;

  size_t Below(size_t n) { return random_() % n; }

  void Store() {
    for (size_t i = Below(4); i > 0; --i) {
      // Most are new; some come late, but not later than is looked for.
      const DurationNs late = Below(5) == 0 ? static_cast<DurationNs>(Below(25)) * kSecond : 0;
      const TimeNs time = std::max(kStart, (now_ - late) / kSecond * kSecond);
      stored_.emplace(Key{time, static_cast<int>(Below(4)), absl::StrCat("l", Below(50))}, now_);
    }
  }

  void ReadSomething(LokiPasses* passes, LokiSeen* seen) {
    const size_t what = Below(5);
    if (what == 0) {
      Read(passes->settled(), now_, passes, seen);
    } else if (what == 1) {
      const TimeNs from = passes->settled() + static_cast<DurationNs>(Below(5)) * kSecond;
      if (from < now_) Read(from, now_, passes, seen);
    } else if (const auto again = passes->DueAgain(now_)) {
      Read(again->from, again->to, passes, seen);
    }
  }

  // In pieces, as pages come.
  void Read(TimeNs from, TimeNs to, LokiPasses* passes, LokiSeen* seen) {
    while (from < to) {
      const TimeNs end = std::min<TimeNs>(to, from + 1 + static_cast<TimeNs>(Below(9)) * kSecond);
      std::vector<Key> page;
      for (const auto& [key, came] : stored_) {
        if (std::get<0>(key) >= from && std::get<0>(key) < end) page.push_back(key);
      }
      const std::vector<uint64_t> ids = LokiSeen::Identify(Entries(page));
      for (size_t i = 0; i < page.size(); ++i) {
        if (seen->Add(std::get<0>(page[i]), ids[i])) counted_.push_back(page[i]);
      }
      passes->NoteRead(from, end, now_);
      seen->Forget(passes->horizon());
      from = end;
    }
  }

  const std::vector<DurationNs> ages_ = {2 * kSecond, 10 * kSecond, 30 * kSecond};
  std::mt19937_64 random_;
  TimeNs now_ = kStart;
  std::map<Key, TimeNs> stored_;
  std::vector<Key> counted_;
};

TEST(LokiCountingTest, EveryEntryCountsOnceOverAnyReadsAndRestarts) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Model model(seed);
    model.Run();
    model.Check(seed);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace tallybell
