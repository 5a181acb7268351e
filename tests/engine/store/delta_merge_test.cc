// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/delta_merge.h"

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using Key = std::pair<std::string, std::string>;

// What the tables hold, the obvious way: one row after the other.
struct Tables {
  std::map<std::string, std::string> positions;
  std::map<std::string, std::string> rules;
  std::map<Key, std::string> groups;
  std::map<Key, std::string> outbox;

  void Apply(const Delta& delta) {
    for (const PositionRow& row : delta.positions) {
      Put(row.source, row.state, row.erased, &positions);
    }
    for (const RuleRow& row : delta.rules) {
      Put(row.rule, row.state, row.erased, &rules);
      if (!row.erased) continue;
      for (auto it = groups.begin(); it != groups.end();) {
        it = it->first.first == row.rule ? groups.erase(it) : std::next(it);
      }
    }
    for (const GroupRow& row : delta.groups) {
      Put(Key(row.rule, row.group), row.state, row.erased, &groups);
    }
    for (const OutboxRow& row : delta.outbox) {
      Put(Key(row.receiver, absl::StrCat(row.id)), row.state, row.erased, &outbox);
    }
  }

  friend bool operator==(const Tables& a, const Tables& b) {
    return a.positions == b.positions && a.rules == b.rules && a.groups == b.groups &&
           a.outbox == b.outbox;
  }

 private:
  template <typename K>
  static void Put(const K& key, const std::string& state, bool erased,
                  std::map<K, std::string>* table) {
    if (erased) {
      table->erase(key);
    } else {
      (*table)[key] = state;
    }
  }
};

Delta RandomDelta(std::mt19937* random) {
  const auto key = [&] { return absl::StrCat("k", (*random)() % 3); };
  const auto state = [&] { return absl::StrCat((*random)() % 1000); };
  const auto erased = [&] { return (*random)() % 3 == 0; };
  Delta delta;
  for (int n = (*random)() % 5; n > 0; --n) delta.positions.push_back({key(), state(), erased()});
  for (int n = (*random)() % 3; n > 0; --n) delta.rules.push_back({key(), state(), erased()});
  for (int n = (*random)() % 6; n > 0; --n) {
    delta.groups.push_back({key(), key(), state(), erased()});
  }
  for (int n = (*random)() % 5; n > 0; --n) {
    delta.outbox.push_back({key(), static_cast<int64_t>((*random)() % 3), "f", state(), erased()});
  }
  return delta;
}

TEST(DeltaMergeTest, WritesWhatTheDeltasWouldWriteOneByOne) {
  for (int seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    Tables one_by_one;
    one_by_one.Apply(RandomDelta(&random));
    Tables at_once = one_by_one;
    Delta merged;
    for (int n = random() % 4; n >= 0; --n) {
      const Delta delta = RandomDelta(&random);
      one_by_one.Apply(delta);
      MergeDelta(delta, &merged);
    }
    KeepLastRows(&merged);
    at_once.Apply(merged);
    ASSERT_EQ(at_once, one_by_one);
  }
}

TEST(DeltaMergeTest, KeepsTheLastRowOfEachKey) {
  Delta delta;
  delta.positions = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  KeepLastRows(&delta);
  ASSERT_EQ(delta.positions.size(), 2);
  EXPECT_EQ(delta.positions[0].state, "2");
  EXPECT_EQ(delta.positions[1].state, "3");
}

TEST(DeltaMergeTest, KeepsHistoryAndCallbacksInOrder) {
  Delta first;
  std::vector<int> called;
  first.history = {{1, "f", "firing", "", "", ""}};
  first.committed.push_back([&] { called.push_back(1); });
  Delta second;
  second.history = {{1, "f", "firing", "", "", ""}, {2, "f", "resolved", "", "", ""}};
  second.committed.push_back([&] { called.push_back(2); });
  second.urgent = true;
  MergeDelta(std::move(second), &first);
  KeepLastRows(&first);
  EXPECT_EQ(first.history.size(), 3);
  EXPECT_TRUE(first.urgent);
  for (const auto& callback : first.committed) callback();
  EXPECT_THAT(called, ::testing::ElementsAre(1, 2));
}

}  // namespace
}  // namespace tallybell
