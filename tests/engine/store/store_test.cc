// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/store.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/store/state_directory.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;

constexpr TimeNs kNow = 1'700'000'000 * kSecond;

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = directory_.path();
    options_.path = dir_ + "/state.db";
  }

  std::unique_ptr<Store> Open() {
    auto store = Store::Open(options_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  absl::Status OpenStatus() { return Store::Open(options_).status(); }

  // Whatever an administrator or another program might do to the file.
  void Sql(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(options_.path.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  std::string ReadFile() {
    std::ifstream in(options_.path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  void WriteFile(const std::string& bytes) {
    std::ofstream(options_.path, std::ios::binary | std::ios::trunc) << bytes;
  }

  StateDirectory directory_;
  std::string dir_;
  Store::Options options_;
};

TEST_F(StoreTest, HistoryIsReadInPagesFromTheNewestOn) {
  auto store = Open();
  Delta delta;
  for (int i = 0; i < 7; ++i) {
    delta.history.push_back({kNow + i, "f", absl::StrCat(i), "rule", "labels", "detail"});
  }
  ASSERT_TRUE(store->Commit(delta, kNow).ok());
  std::string kinds;
  int64_t before = std::numeric_limits<int64_t>::max();
  for (bool more = true; more;) {
    const auto page = store->HistoryBefore(before, 3);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const HistoryRow& row : page->rows) kinds += row.kind;
    more = page->more;
    if (more) before = page->numbers.back();
    kinds += more ? "|" : ".";
  }
  EXPECT_EQ(kinds, "654|321|0.");
  EXPECT_FALSE(store->HistoryBefore(1, 3)->more);
  EXPECT_TRUE(store->HistoryBefore(1, 3)->rows.empty());
}

TEST_F(StoreTest, GivesBackWhatWasCommitted) {
  {
    auto store = Open();
    EXPECT_TRUE(store->Load()->fresh);
    Delta delta;
    delta.positions = {{"file", std::string("a\0b\xff", 4)}};
    delta.rules = {{"rule", ""}};
    delta.groups = {{"rule", std::string("g\0", 2), "window"}};
    delta.outbox = {{"am", -5, "0123456789abcdef", "state"}};
    ASSERT_TRUE(store->Commit(delta, kNow).ok());
  }
  auto store = Open();
  const auto all = store->Load();
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_FALSE(all->fresh);
  ASSERT_EQ(all->positions.size(), 1);
  EXPECT_EQ(all->positions[0].state, std::string("a\0b\xff", 4));
  ASSERT_EQ(all->rules.size(), 1);
  EXPECT_EQ(all->rules[0].rule, "rule");
  EXPECT_EQ(all->rules[0].state, "");
  ASSERT_EQ(all->groups.size(), 1);
  EXPECT_EQ(all->groups[0].group, std::string("g\0", 2));
  ASSERT_EQ(all->outbox.size(), 1);
  EXPECT_EQ(all->outbox[0].id, -5);
  EXPECT_EQ(all->outbox[0].fingerprint, "0123456789abcdef");
}

TEST_F(StoreTest, TakesTheLastRowOfAKeyAndErasesWhatIsErased) {
  auto store = Open();
  Delta delta;
  delta.positions = {{"a", "1"}, {"a", "2"}, {"b", "1"}, {"b", "", true}};
  delta.outbox = {{"am", 1, "f", "s"}, {"am", 2, "f", "s"}, {"am", 1, "", "", true}};
  ASSERT_TRUE(store->Commit(delta, kNow).ok());
  const auto all = store->Load();
  ASSERT_EQ(all->positions.size(), 1);
  EXPECT_EQ(all->positions[0].state, "2");
  ASSERT_EQ(all->outbox.size(), 1);
  EXPECT_EQ(all->outbox[0].id, 2);
}

TEST_F(StoreTest, ErasesTheGroupsOfAnErasedRuleButNotThoseItComesBackWith) {
  auto store = Open();
  Delta delta;
  delta.rules = {{"r", "1"}, {"other", "1"}};
  delta.groups = {{"r", "old", "s"}, {"other", "kept", "s"}};
  ASSERT_TRUE(store->Commit(delta, kNow).ok());
  delta = Delta();
  delta.rules = {{"r", "", true}, {"r", "2"}};
  delta.groups = {{"r", "new", "s"}};
  ASSERT_TRUE(store->Commit(delta, kNow).ok());
  const auto all = store->Load();
  ASSERT_EQ(all->groups.size(), 2);
  EXPECT_EQ(all->groups[0].group, "kept");
  EXPECT_EQ(all->groups[1].group, "new");
  EXPECT_EQ(all->rules.size(), 2);
}

TEST_F(StoreTest, TrimsHistoryByAgeAndByRows) {
  options_.history_rows = 3;
  options_.history_age = kHour;
  auto store = Open();
  for (int i = 0; i < 5; ++i) {
    Delta delta;
    delta.history = {{kNow + i, "f", absl::StrCat(i), "rule", "labels", "detail"}};
    ASSERT_TRUE(store->Commit(delta, kNow).ok());
  }
  std::vector<std::string> kinds;
  const auto newest = store->History(100);
  ASSERT_TRUE(newest.ok());
  for (const HistoryRow& row : *newest) kinds.push_back(row.kind);
  EXPECT_THAT(kinds, ElementsAre("4", "3", "2"));
  Delta delta;
  delta.history = {{kNow + 2 * kHour, "f", "late", "", "", ""}};
  ASSERT_TRUE(store->Commit(delta, kNow + 2 * kHour).ok());
  const auto rows = store->History(100);
  ASSERT_EQ(rows->size(), 1);
  EXPECT_EQ((*rows)[0].kind, "late");
  EXPECT_EQ(store->History(0)->size(), 0);
}

TEST_F(StoreTest, KeepsNothingInMemory) {
  options_.path = ":memory:";
  Delta delta;
  delta.positions = {{"a", "1"}};
  auto store = Open();
  EXPECT_TRUE(store->Commit(delta, kNow).ok());
  EXPECT_EQ(store->Load()->positions.size(), 1);
  EXPECT_TRUE(Open()->Load()->fresh);
}

TEST_F(StoreTest, LetsOnlyTheOwnerReadItsFiles) {
  Open();
  ASSERT_EQ(chmod(options_.path.c_str(), 0644), 0);
  auto store = Open();
  ASSERT_NE(store, nullptr);
  Delta delta;
  delta.positions = {{"a", "1"}};
  ASSERT_TRUE(store->Commit(delta, kNow).ok());
  for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
    struct stat facts;
    ASSERT_EQ(stat(entry.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600) << entry.path();
    // No index of the log outside of memory.
    EXPECT_FALSE(absl::EndsWith(entry.path().string(), "-shm"));
  }
}

TEST_F(StoreTest, RefusesASecondProcess) {
  auto store = Open();
  const pid_t child = fork();
  if (child == 0) {
    const absl::Status status = OpenStatus();
    _exit(absl::IsFailedPrecondition(status) &&
                  absl::StrContains(status.ToString(), "another process holds it")
              ? 0
              : 1);
  }
  int exit = -1;
  waitpid(child, &exit, 0);
  EXPECT_EQ(exit, 0);
  Delta delta;
  delta.positions = {{"a", "1"}};
  EXPECT_TRUE(store->Commit(delta, kNow).ok());
}

TEST_F(StoreTest, RefusesASecondStoreInTheSameProcess) {
  auto store = Open();
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kFailedPrecondition);
  store.reset();
  EXPECT_NE(Open(), nullptr);
}

TEST_F(StoreTest, RefusesANewerVersionAndLeavesItUntouched) {
  Open();
  Sql("PRAGMA user_version = 2");
  const std::string before = ReadFile();
  const absl::Status status = OpenStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status.message(), "newer tallybell")) << status;
  EXPECT_EQ(ReadFile(), before);
}

TEST_F(StoreTest, LeavesTheLogOfANewerVersionUntouched) {
  // A newer tallybell that was killed: the version stands in the log only.
  Open();
  const pid_t child = fork();
  if (child == 0) {
    sqlite3* db = nullptr;
    sqlite3_open(options_.path.c_str(), &db);
    sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA user_version = 2", nullptr, nullptr,
                 nullptr);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  const std::string before = ReadFile();
  ASSERT_GT(std::filesystem::file_size(options_.path + "-wal"), 0);
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadFile(), before);
  EXPECT_GT(std::filesystem::file_size(options_.path + "-wal"), 0);
}

TEST_F(StoreTest, RefusesAFileThatIsNotTallybells) {
  Sql("CREATE TABLE theirs(x)");
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Store::IsOfAnother(OpenStatus()));
  std::filesystem::remove(options_.path);
  std::filesystem::create_directory(options_.path);
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(StoreTest, SaysWhatTheSystemSaysOfAPathItCannotOpen) {
  options_.path = dir_ + "/missing/state.db";
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kNotFound);
}

TEST_F(StoreTest, RefusesADirectoryItCannotWriteTo) {
  if (geteuid() != 0) {
    ASSERT_EQ(chmod(dir_.c_str(), 0500), 0);
    EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kPermissionDenied);
    ASSERT_EQ(chmod(dir_.c_str(), 0700), 0);
    return;
  }
  const pid_t child = fork();
  if (child == 0) {
    _exit(setuid(65534) == 0 && absl::IsPermissionDenied(OpenStatus()) ? 0 : 1);
  }
  int exit = -1;
  waitpid(child, &exit, 0);
  EXPECT_EQ(exit, 0);
}

TEST_F(StoreTest, SaysThatAFileOfZerosIsDamaged) {
  WriteFile(std::string(8192, '\0'));
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kDataLoss);
}

// Each page of the file in turn, a byte of it wrong: refused as damaged, or all that was
// committed is still there; never a crash, and never less without a word.
TEST_F(StoreTest, NeverCrashesOnADamagedFile) {
  {
    auto store = Open();
    Delta delta;
    for (int i = 0; i < 300; ++i) {
      delta.groups.push_back({"rule", absl::StrCat("group", i), std::string(100, 's')});
      delta.history.push_back({kNow, "f", "firing", "rule", "labels", std::string(50, 'd')});
    }
    ASSERT_TRUE(store->Commit(delta, kNow).ok());
  }
  const std::string intact = ReadFile();
  int refused = 0;
  for (int seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    std::string damaged = intact;
    const int kind = random() % 3;
    if (kind == 0) {
      damaged.resize(random() % damaged.size());
    } else if (kind == 1) {
      damaged[random() % damaged.size()] ^= 1 << random() % 8;
    } else {
      const size_t page = random() % (damaged.size() / 4096) * 4096;
      for (size_t i = 0; i < 4096; ++i) damaged[page + i] = static_cast<char>(random());
    }
    WriteFile(damaged);
    std::filesystem::remove(options_.path + "-wal");
    auto store = Store::Open(options_);
    if (!store.ok()) {
      ++refused;
      EXPECT_THAT(store.status().code(), ::testing::AnyOf(absl::StatusCode::kDataLoss,
                                                          absl::StatusCode::kFailedPrecondition))
          << store.status();
      continue;
    }
    const auto all = (*store)->Load();
    if (all.ok() && !all->fresh) {
      EXPECT_EQ(all->groups.size(), 300);
    }
    (*store)->History(1000).status().IgnoreError();
    Delta delta;
    delta.positions = {{"a", "1"}};
    (*store)->Commit(delta, kNow).IgnoreError();
  }
  EXPECT_GT(refused, 150);
}

}  // namespace
}  // namespace tallybell
