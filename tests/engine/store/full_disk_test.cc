// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The committer and its store on a disk that is full.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "engine/store/committer.h"
#include "engine/store/delta_merge.h"
#include "gtest/gtest.h"
#include "tests/engine/store/small_disk.h"
#include "tests/engine/store/state_directory.h"

// In place of the C library's: room that only this test takes away.
extern "C" int posix_fallocate(int fd, off_t offset, off_t size) {
  if (!tallybell::SmallDisk::HasRoomFor(size)) return ENOSPC;
  return ftruncate(fd, offset + size) == 0 ? 0 : errno;
}

namespace tallybell {
namespace {

constexpr int64_t kBallast = 1 << 20;

class FullDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WatchedVfs::Install(&disk_);
    options_.path = directory_.state();
    options_.ballast = kBallast;
  }
  void TearDown() override {
    committer_.reset();
    WatchedVfs::Uninstall();
  }

  void Start() {
    auto store = Store::Open(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    committer_ = std::make_unique<Committer>(*std::move(store), &clock_, &metrics_);
  }
  Store::Snapshot StopAndLoad() {
    committer_.reset();
    const auto store = Store::Open(options_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *(*store)->Load();
  }
  bool BallastIsThere() const { return std::filesystem::exists(options_.path + ".ballast"); }

  static Delta Position(int n, size_t bytes) {
    Delta delta;
    delta.positions = {{absl::StrCat("file", n), std::string(bytes, 'p')}};
    delta.urgent = true;
    return delta;
  }
  static Delta Outbox(int64_t id, absl::string_view state) {
    Delta delta;
    delta.outbox = {{"am", id, "f", std::string(state), state.empty()}};
    delta.urgent = true;
    return delta;
  }
  // Waits for what an acknowledgement waits for.
  void Acknowledge(Delta delta) {
    // Whoever notifies may still look at it when it has been waited for.
    const auto done = std::make_shared<absl::Notification>();
    delta.committed.push_back([done] { done->Notify(); });
    committer_->SubmitAcknowledgement(std::move(delta));
    done->WaitForNotification();
  }
  void AwaitReady(bool ready) {
    while (committer_->Ready() != ready) committer_->Flush(kMillisecond);
  }

  SmallDisk disk_;
  StateDirectory directory_;
  Store::Options options_;
  SystemClock clock_;
  Metrics metrics_;
  std::unique_ptr<Committer> committer_;
};

TEST_F(FullDiskTest, HoldsItsBallastAndRemovesNothingOfIt) {
  Start();
  EXPECT_EQ(std::filesystem::file_size(options_.path + ".ballast"), kBallast);
  committer_->Submit(Position(0, 10));
  EXPECT_TRUE(committer_->Flush());
  EXPECT_EQ(metrics_.Total("state_ballast_bytes"), kBallast);
  committer_.reset();
  EXPECT_TRUE(BallastIsThere());
}

TEST_F(FullDiskTest, WritesWhatWaitsIntoTheRoomOfTheBallastAndThenOnlyAcknowledgements) {
  Start();
  committer_->Submit(Position(0, 10));
  ASSERT_TRUE(committer_->Flush());
  disk_.Limit(directory_.path(), 0);
  committer_->Submit(Position(1, 200'000));
  ASSERT_TRUE(committer_->Flush());
  EXPECT_FALSE(BallastIsThere());
  EXPECT_FALSE(committer_->Ready());
  EXPECT_EQ(metrics_.Total("state_ballast_bytes"), 0);
  // Many more than the room would hold if its log only grew.
  for (int i = 0; i < 400; ++i) Acknowledge(Outbox(i % 20, absl::StrCat("told ", i)));
  EXPECT_FALSE(committer_->Ready());
  disk_.Unlimit();
  AwaitReady(true);
  EXPECT_TRUE(BallastIsThere());
  const Store::Snapshot all = StopAndLoad();
  EXPECT_EQ(all.positions.size(), 2u);
  ASSERT_EQ(all.outbox.size(), 20u);
  EXPECT_EQ(all.outbox[19].state, "told 399");
}

TEST_F(FullDiskTest, LetsAcknowledgementsOvertakeWhatIsLargerThanTheBallast) {
  Start();
  committer_->Submit(Outbox(1, "said"));
  ASSERT_TRUE(committer_->Flush());
  disk_.Limit(directory_.path(), 0);
  Delta large = Position(1, 3 * kBallast);
  large.outbox = {{"am", 1, "f", "said more"}, {"am", 2, "f", "said"}};
  std::atomic<bool> written = false;
  large.committed.push_back([&] { written = true; });
  committer_->Submit(std::move(large));
  AwaitReady(false);
  Acknowledge(Outbox(1, "told"));
  EXPECT_FALSE(written);
  disk_.Unlimit();
  ASSERT_TRUE(committer_->Flush());
  EXPECT_TRUE(written);
  const Store::Snapshot all = StopAndLoad();
  ASSERT_EQ(all.outbox.size(), 2u);
  EXPECT_EQ(all.outbox[0].state, "told");
  EXPECT_EQ(all.outbox[1].state, "said");
  EXPECT_EQ(all.positions.size(), 1u);
}

TEST_F(FullDiskTest, StartsOnAFullDiskToTellWhatItKnowsButDoesNotBeginThere) {
  disk_.Limit(directory_.path(), kBallast / 2);
  EXPECT_EQ(Store::Open(options_).status().code(), absl::StatusCode::kResourceExhausted);
  disk_.Unlimit();
  Start();
  committer_->Submit(Position(1, 10));
  committer_.reset();
  std::filesystem::remove(options_.path + ".ballast");
  disk_.Limit(directory_.path(), kBallast / 2);
  Start();
  EXPECT_FALSE(committer_->Ready());
  Acknowledge(Outbox(1, "told"));
  disk_.Unlimit();
  AwaitReady(true);
  EXPECT_EQ(StopAndLoad().outbox.size(), 1u);
}

// Whatever overtakes what: the rows are those that would be there if each delta had been written
// when it was submitted. The disk is full and has room by turns.
TEST_F(FullDiskTest, NeitherLosesNorBringsBackARowWhateverOvertakesWhat) {
  for (int seed = 0; seed < 6; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    options_.path = absl::StrCat(directory_.path(), "/state", seed, ".db");
    Start();
    std::map<int64_t, std::string> expected;
    std::map<std::string, std::string> positions;
    for (int i = 0; i < 150; ++i) {
      if (random() % 12 == 0) disk_.Limit(directory_.path(), 0);
      const bool acknowledgement = random() % 2 == 0;
      // Evaluation waits for room; so does this, but not for long.
      if (!acknowledgement && !committer_->Ready()) {
        if (random() % 3 == 0) disk_.Unlimit();
        continue;
      }
      Delta delta;
      for (unsigned rows = random() % 4; rows-- > 0;) {
        const int64_t id = random() % 6;
        const std::string state = random() % 3 == 0 ? "" : absl::StrCat(i, "/", rows);
        delta.outbox.push_back({"am", id, "f", state, state.empty()});
        if (state.empty()) {
          expected.erase(id);
        } else {
          expected[id] = state;
        }
      }
      delta.urgent = random() % 2 == 0;
      if (acknowledgement) {
        committer_->SubmitAcknowledgement(std::move(delta));
      } else {
        const size_t bytes = random() % 3 == 0 ? 2 * kBallast : 100;
        delta.positions = {{absl::StrCat(random() % 3), absl::StrCat(i, std::string(bytes, 'p'))}};
        positions[delta.positions[0].source] = absl::StrCat(i);
        committer_->Submit(std::move(delta));
      }
      if (random() % 4 == 0) committer_->Flush(20 * kMillisecond);
    }
    disk_.Unlimit();
    EXPECT_TRUE(committer_->Flush());
    const Store::Snapshot all = StopAndLoad();
    std::map<int64_t, std::string> found;
    for (const OutboxRow& row : all.outbox) found[row.id] = row.state;
    EXPECT_EQ(found, expected);
    std::map<std::string, std::string> found_positions;
    for (const PositionRow& row : all.positions) {
      found_positions[row.source] = row.state.substr(0, row.state.find('p'));
    }
    EXPECT_EQ(found_positions, positions);
  }
}

TEST(YieldRowsTest, LeavesWhatBothOrdersWriteAlike) {
  for (int seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto make = [&] {
      Delta delta;
      for (unsigned rows = random() % 6; rows-- > 0;) {
        delta.outbox.push_back({"am", static_cast<int64_t>(random() % 4), "f",
                                absl::StrCat(random()), random() % 3 == 0});
      }
      return delta;
    };
    const auto apply = [](const Delta& delta, std::map<int64_t, std::string>* rows) {
      for (const OutboxRow& row : delta.outbox) {
        rows->erase(row.id);
        if (!row.erased) (*rows)[row.id] = row.state;
      }
    };
    Delta earlier = make();
    const Delta later = make();
    std::map<int64_t, std::string> in_order;
    apply(earlier, &in_order);
    apply(later, &in_order);
    YieldRows(later, &earlier);
    std::map<int64_t, std::string> overtaken;
    apply(later, &overtaken);
    apply(earlier, &overtaken);
    EXPECT_EQ(overtaken, in_order) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tallybell
