// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/committer.h"

#include <errno.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/store/faulty_disk.h"
#include "tests/engine/store/state_directory.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;

Delta Position(absl::string_view source, absl::string_view state) {
  Delta delta;
  delta.positions = {{std::string(source), std::string(state)}};
  return delta;
}

class CommitterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = directory_.path();
    FaultyDisk::Install();
    Start();
  }
  void TearDown() override {
    FaultyDisk::Heal();
    committer_.reset();
  }

  void Start() {
    auto store = Store::Open({.path = dir_ + "/state.db"});
    ASSERT_TRUE(store.ok()) << store.status();
    committer_ = std::make_unique<Committer>(*std::move(store), &clock_, &metrics_);
  }

  Store::Snapshot StopAndLoad() {
    committer_.reset();
    auto store = Store::Open({.path = dir_ + "/state.db"});
    EXPECT_TRUE(store.ok()) << store.status();
    return *(*store)->Load();
  }

  // A delta whose callback holds the committer's thread until it may go on.
  Delta Gate() {
    Delta delta;
    delta.urgent = true;
    delta.committed.push_back([this] {
      at_gate_.Notify();
      open_gate_.WaitForNotification();
    });
    return delta;
  }

  StateDirectory directory_;
  std::string dir_;
  ManualClock clock_{1'700'000'000 * kSecond};
  Metrics metrics_;
  absl::Notification at_gate_;
  absl::Notification open_gate_;
  std::unique_ptr<Committer> committer_;
};

TEST_F(CommitterTest, CommitsAnUrgentDeltaWithoutBeingAsked) {
  absl::Notification committed;
  Delta delta = Position("a", "1");
  delta.urgent = true;
  delta.committed.push_back([&] { committed.Notify(); });
  committer_->Submit(std::move(delta));
  committed.WaitForNotification();
  EXPECT_EQ(metrics_.Total("store_commits_total"), 1);
}

TEST_F(CommitterTest, CommitsWhatNobodyWaitsForToo) {
  absl::Notification committed;
  Delta delta = Position("a", "1");
  delta.committed.push_back([&] { committed.Notify(); });
  committer_->Submit(std::move(delta));
  committed.WaitForNotification();
}

TEST_F(CommitterTest, HasCommittedAllThatWasSubmittedBeforeAFlush) {
  std::vector<int> called;
  for (int i = 0; i < 10; ++i) {
    Delta delta = Position("a", absl::StrCat(i));
    delta.committed.push_back([&called, i] { called.push_back(i); });
    if (i % 3 == 0) {
      committer_->SubmitAcknowledgement(std::move(delta));
    } else {
      committer_->Submit(std::move(delta));
    }
  }
  EXPECT_TRUE(committer_->Flush());
  EXPECT_THAT(called, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_EQ(StopAndLoad().positions[0].state, "9");
}

TEST_F(CommitterTest, FlushesAtOnceWhenNothingWaits) { EXPECT_TRUE(committer_->Flush(0)); }

TEST_F(CommitterTest, MergesWhatWaitsIntoOneTransaction) {
  committer_->Submit(Gate());
  at_gate_.WaitForNotification();
  committer_->Submit(Position("a", "1"));
  EXPECT_TRUE(committer_->Ready());
  committer_->SubmitAcknowledgement(Position("a", "2"));
  committer_->SubmitAcknowledgement(Position("b", "1"));
  committer_->Submit(Position("b", "2"));
  EXPECT_FALSE(committer_->Ready());
  open_gate_.Notify();
  committer_->Flush();
  EXPECT_TRUE(committer_->Ready());
  EXPECT_EQ(metrics_.Total("store_commits_total"), 2);
  const Store::Snapshot all = StopAndLoad();
  ASSERT_EQ(all.positions.size(), 2);
  EXPECT_EQ(all.positions[0].state, "2");
  EXPECT_EQ(all.positions[1].state, "2");
}

TEST_F(CommitterTest, MakesAThirdDeltaWait) {
  committer_->Submit(Gate());
  at_gate_.WaitForNotification();
  committer_->Submit(Position("a", "1"));
  committer_->Submit(Position("a", "2"));
  std::atomic<bool> submitted = false;
  std::thread third([&] {
    committer_->Submit(Position("a", "3"));
    submitted = true;
  });
  // Acknowledgements pass all the same.
  committer_->SubmitAcknowledgement(Position("b", "1"));
  EXPECT_FALSE(committer_->Ready());
  EXPECT_FALSE(submitted);
  open_gate_.Notify();
  third.join();
  EXPECT_EQ(StopAndLoad().positions[0].state, "3");
}

TEST_F(CommitterTest, CommitsWhatWaitsWhenItEnds) {
  committer_->Submit(Position("a", "1"));
  EXPECT_EQ(StopAndLoad().positions.size(), 1);
}

TEST_F(CommitterTest, TriesAFailedCommitAgainAndHoldsTheQueueMeanwhile) {
  FaultyDisk::FailAfter(0, ENOSPC, /*lasting=*/true);
  Delta delta = Position("a", "1");
  delta.urgent = true;
  absl::Notification committed;
  delta.committed.push_back([&] { committed.Notify(); });
  committer_->Submit(std::move(delta));
  FaultyDisk::AwaitFault();
  EXPECT_FALSE(committer_->Flush(kMillisecond));
  committer_->Submit(Position("a", "2"));
  committer_->Submit(Position("b", "1"));
  EXPECT_FALSE(committer_->Ready());
  EXPECT_FALSE(committed.HasBeenNotified());
  FaultyDisk::Heal();
  committed.WaitForNotification();
  EXPECT_TRUE(committer_->Flush());
  EXPECT_GE(metrics_.Total("store_commit_failures_total"), 1);
  EXPECT_EQ(StopAndLoad().positions[0].state, "2");
}

TEST_F(CommitterTest, GivesUpAtTheEndWhatADeadDiskRefusesAndSaysNothingOfItIsCommitted) {
  FaultyDisk::FailAfter(0, EIO, /*lasting=*/true);
  bool called = false;
  Delta delta = Position("a", "1");
  delta.committed.push_back([&] { called = true; });
  committer_->Submit(std::move(delta));
  committer_.reset();
  FaultyDisk::Heal();
  EXPECT_FALSE(called);
  EXPECT_TRUE(StopAndLoad().positions.empty());
}

TEST_F(CommitterTest, TakesDeltasAndAcknowledgementsOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  std::atomic<int> called = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        Delta delta = Position(absl::StrCat("thread", t), absl::StrCat(i));
        delta.urgent = i % 7 == 0;
        delta.committed.push_back([&] { ++called; });
        if (t % 2 == 0) {
          committer_->Submit(std::move(delta));
        } else {
          committer_->SubmitAcknowledgement(std::move(delta));
        }
        if (i % 20 == 0) committer_->Flush();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(committer_->Flush());
  EXPECT_EQ(called, kThreads * kEach);
  const Store::Snapshot all = StopAndLoad();
  ASSERT_EQ(all.positions.size(), kThreads);
  for (const PositionRow& row : all.positions) EXPECT_EQ(row.state, absl::StrCat(kEach - 1));
}

TEST_F(CommitterTest, AReaderSeesAllThatWasSubmittedBefore) {
  Delta delta;
  delta.history = {{clock_.Now(), "f", "firing", "R", "{}", "{}"}};
  committer_->Submit(std::move(delta));
  absl::Notification done;
  size_t rows = 0;
  ASSERT_TRUE(committer_->Read([&](Store* store) {
    rows = store->History(10)->size();
    done.Notify();
    return false;
  }));
  done.WaitForNotification();
  EXPECT_EQ(rows, 1u);
}

TEST_F(CommitterTest, CommitsBetweenTwoLooksOfOneReader) {
  int looks = 0;
  std::vector<size_t> seen;
  absl::Notification done;
  ASSERT_TRUE(committer_->Read([&](Store* store) {
    seen.push_back(store->History(10)->size());
    Delta delta;
    delta.history = {{clock_.Now(), "f", "told", "R", "{}", "{}"}};
    committer_->SubmitAcknowledgement(std::move(delta));
    if (++looks < 3) return true;
    done.Notify();
    return false;
  }));
  done.WaitForNotification();
  EXPECT_THAT(seen, ElementsAre(0, 1, 2));
}

TEST_F(CommitterTest, RefusesReadersBeyondItsLimitAndForgetsThemAtTheEnd) {
  committer_->Submit(Gate());
  at_gate_.WaitForNotification();
  auto held = std::make_shared<int>(0);
  for (size_t i = 0; i < Committer::kMaxReads; ++i) {
    EXPECT_TRUE(committer_->Read([held](Store*) { return true; }));
  }
  EXPECT_FALSE(committer_->Read([](Store*) { return false; }));
  open_gate_.Notify();
  committer_.reset();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(CommitterTest, CanBeReadWhileNothingCanBeWritten) {
  FaultyDisk::FailAfter(0, ENOSPC, true);
  Delta delta;
  delta.urgent = true;
  delta.history = {{clock_.Now(), "f", "firing", "R", "{}", "{}"}};
  committer_->Submit(std::move(delta));
  absl::Notification done;
  size_t rows = 1;
  ASSERT_TRUE(committer_->Read([&](Store* store) {
    rows = store->History(10)->size();
    done.Notify();
    return false;
  }));
  done.WaitForNotification();
  EXPECT_EQ(rows, 0u);
  FaultyDisk::Heal();
  EXPECT_TRUE(committer_->Flush());
}

// After an error the file is opened anew. Where nothing can be opened, nothing will ever be
// written.
TEST_F(CommitterTest, IsLostOnceItsFileCannotBeOpenedAgainAndHoldsNobodyUp) {
  const auto lose = [&](absl::FunctionRef<void()> damage) {
    FaultyDisk::FailAfter(0, EIO, /*lasting=*/true);
    Delta delta = Position("lost", "1");
    delta.urgent = true;
    std::atomic<bool> committed = false;
    delta.committed.push_back([&committed] { committed = true; });
    committer_->Submit(std::move(delta));
    FaultyDisk::AwaitFault();
    damage();
    FaultyDisk::Heal();
    // Does not wait for the disk, although more wait than may.
    for (size_t i = 0; i < 2 * Committer::kMaxWaiting; ++i) committer_->Submit(Position("a", "b"));
    EXPECT_FALSE(committer_->Flush(kMinute));
    EXPECT_TRUE(committer_->Lost());
    EXPECT_FALSE(committer_->Ready());
    committer_->SubmitAcknowledgement(Position("c", "d"));
    committer_.reset();
    EXPECT_FALSE(committed);
  };
  committer_->Submit(Position("before", "1"));
  ASSERT_TRUE(committer_->Flush(kMinute));
  lose([&] { std::ofstream(dir_ + "/state.db", std::ios::trunc) << std::string(20'000, 'x'); });
  EXPECT_GE(metrics_.Total("store_commit_failures_total"), Committer::kTriesUntilLost);

  std::filesystem::remove(dir_ + "/state.db");
  std::filesystem::remove(dir_ + "/state.db-wal");
  Start();
  EXPECT_FALSE(committer_->Lost());
  EXPECT_TRUE(committer_->Ready());
  lose([&] {
    std::filesystem::remove(dir_ + "/state.db");
    std::filesystem::remove(dir_ + "/state.db-wal");
  });
}

}  // namespace
}  // namespace tallybell
