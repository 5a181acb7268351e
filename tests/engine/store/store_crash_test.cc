// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The state file under a process that dies, and a disk that fails, at each of its steps in turn.
#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/store/store.h"
#include "gtest/gtest.h"
#include "tests/engine/store/faulty_disk.h"
#include "tests/engine/store/state_directory.h"

namespace {
std::atomic<int> syncs{0};
}  // namespace

// In place of the C library's, for SQLite too: a process that ends leaves the kernel's pages, so
// only the calls themselves say what a loss of power would leave.
extern "C" int fdatasync(int fd) {
  ++syncs;
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}

extern "C" int fsync(int fd) {
  ++syncs;
  return static_cast<int>(syscall(SYS_fsync, fd));
}

namespace tallybell {
namespace {

constexpr TimeNs kNow = 1'700'000'000 * kSecond;

class StoreCrashTest : public ::testing::Test {
 protected:
  void SetUp() override {
    FaultyDisk::Install();
    dir_ = directory_.path();
    options_.path = dir_ + "/state.db";
    options_.history_rows = 20;
  }
  void TearDown() override { FaultyDisk::Heal(); }

  // The n-th transaction: the same number in every table.
  static Delta Nth(int n) {
    Delta delta;
    delta.positions = {{"file", absl::StrCat(n)}};
    delta.rules = {{"rule", absl::StrCat(n)}};
    for (int i = 0; i < 20; ++i) {
      delta.groups.push_back({"rule", absl::StrCat(i), absl::StrCat(n, std::string(300, 'x'))});
    }
    delta.outbox = {{"am", n, "f", absl::StrCat(n)}};
    delta.history = {{kNow, "f", absl::StrCat(n), "", "", ""}};
    return delta;
  }

  // The number that all tables agree on; 0 if nothing was committed, -1 if they disagree.
  static int Committed(Store* store) {
    const auto all = store->Load();
    if (!all.ok()) return -1;
    if (all->positions.empty()) return all->groups.empty() && all->outbox.empty() ? 0 : -1;
    int n = -1;
    if (!absl::SimpleAtoi(all->positions[0].state, &n)) return -1;
    if (all->rules[0].state != all->positions[0].state || all->groups.size() != 20) return -1;
    for (const GroupRow& row : all->groups) {
      if (row.state != absl::StrCat(n, std::string(300, 'x'))) return -1;
    }
    return static_cast<int>(all->outbox.size()) == n ? n : -1;
  }

  StateDirectory directory_;
  std::string dir_;
  Store::Options options_;
};

TEST_F(StoreCrashTest, LosesNothingCommittedAndHalvesNothingWhereverTheProcessEnds) {
  int committed_before = 0;
  for (int step = 0; step < 120; ++step) {
    SCOPED_TRACE(absl::StrCat("step ", step));
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      FaultyDisk::FailAfter(step, FaultyDisk::kEndProcess, false);
      auto store = Store::Open(options_);
      if (!store.ok()) _exit(1);
      for (int n = committed_before + 1; n <= committed_before + 60; ++n) {
        if (!(*store)->Commit(Nth(n), kNow).ok()) _exit(2);
        if (write(pipe_ends[1], "", 1) != 1) _exit(3);
      }
      _exit(0);
    }
    close(pipe_ends[1]);
    int told = committed_before;
    char byte;
    while (read(pipe_ends[0], &byte, 1) == 1) ++told;
    close(pipe_ends[0]);
    int exit = -1;
    ASSERT_EQ(waitpid(child, &exit, 0), child);
    ASSERT_EQ(exit, 0);
    auto store = Store::Open(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    const int committed = Committed(store->get());
    // The one that was being committed may be there or not.
    ASSERT_GE(committed, told);
    ASSERT_LE(committed, told + 1);
    committed_before = committed;
    if (committed > 150) {
      store->reset();
      std::filesystem::remove(options_.path);
      committed_before = 0;
    }
  }
}

TEST_F(StoreCrashTest, HasEachCommitOnTheDiskBeforeItSaysSo) {
  auto store = Store::Open(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  for (int n = 1; n <= 20; ++n) {
    const int before = syncs;
    ASSERT_TRUE((*store)->Commit(Nth(n), kNow).ok());
    EXPECT_GT(syncs, before) << "commit " << n;
  }
}

TEST_F(StoreCrashTest, NeverSaysThatItCommittedWhatAFailedWriteLost) {
  for (const int error : {EIO, ENOSPC}) {
    for (int step = 0; step < 60; ++step) {
      SCOPED_TRACE(absl::StrCat("error ", error, " step ", step));
      std::filesystem::remove(options_.path);
      auto store = Store::Open(options_);
      ASSERT_TRUE(store.ok()) << store.status();
      FaultyDisk::FailAfter(step, error, /*lasting=*/step % 2 == 0);
      int n = 1;
      for (int tries = 0; n <= 15; ++tries) {
        // After a few refusals there is space again.
        if (tries > 20) FaultyDisk::Heal();
        ASSERT_LT(tries, 100);
        if ((*store)->Commit(Nth(n), kNow).ok()) ++n;
      }
      EXPECT_GT(FaultyDisk::faults(), 0);
      FaultyDisk::Heal();
      ASSERT_EQ(Committed(store->get()), 15);
      store->reset();
      store = Store::Open(options_);
      ASSERT_TRUE(store.ok()) << store.status();
      ASSERT_EQ(Committed(store->get()), 15);
    }
  }
}

TEST_F(StoreCrashTest, GoesOnWithItsFileAfterAnErrorAndNotWithANewOne) {
  auto store = Store::Open(options_);
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->Commit(Nth(1), kNow).ok());
  FaultyDisk::FailAfter(0, EIO, /*lasting=*/false);
  EXPECT_FALSE((*store)->Commit(Nth(2), kNow).ok());
  std::filesystem::remove(options_.path);
  EXPECT_EQ((*store)->Commit(Nth(2), kNow).code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(options_.path));
}

}  // namespace
}  // namespace tallybell
