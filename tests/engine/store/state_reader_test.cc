// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/state_reader.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/store/store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/store/state_directory.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr TimeNs kNow = 1'700'000'000 * kSecond;

class StateReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = directory_.path();
    path_ = dir_ + "/state.db";
    copies_ = dir_ + "/copies";
    std::filesystem::create_directory(copies_);
  }

  std::unique_ptr<Store> OpenStore() {
    Store::Options options;
    options.path = path_;
    auto store = Store::Open(options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  static void AddHistory(Store* store, absl::string_view kind) {
    Delta delta;
    delta.history = {{kNow, "f", std::string(kind), "rule", "labels", "detail"}};
    ASSERT_TRUE(store->Commit(delta, kNow).ok());
  }
  std::vector<std::string> Kinds() {
    std::vector<std::string> kinds;
    const auto reader = StateReader::Open(path_, copies_);
    EXPECT_TRUE(reader.ok()) << reader.status();
    if (!reader.ok()) return kinds;
    const absl::Status status =
        (*reader)->ReadHistory([&](HistoryRow row) { kinds.push_back(std::move(row.kind)); });
    EXPECT_TRUE(status.ok()) << status;
    return kinds;
  }
  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      files[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(in), {});
    }
    return files;
  }

  StateDirectory directory_;
  std::string dir_, path_, copies_;
};

TEST_F(StateReaderTest, ReadsWhatTheOwnerCommittedAndChangesNothing) {
  auto store = OpenStore();
  AddHistory(store.get(), "one");
  AddHistory(store.get(), "two");
  const auto before = Files();
  EXPECT_TRUE(before.contains("state.db-wal"));
  EXPECT_THAT(Kinds(), ElementsAre("one", "two"));
  EXPECT_EQ(Files(), before);
  AddHistory(store.get(), "three");
  EXPECT_THAT(Kinds(), ElementsAre("one", "two", "three"));
}

TEST_F(StateReaderTest, ReadsAStateFileThatNobodyOwns) {
  AddHistory(OpenStore().get(), "one");
  const auto before = Files();
  EXPECT_FALSE(before.contains("state.db-wal"));
  EXPECT_THAT(Kinds(), ElementsAre("one"));
  EXPECT_EQ(Files(), before);
}

TEST_F(StateReaderTest, FindsTheLogBehindALink) {
  auto store = OpenStore();
  AddHistory(store.get(), "one");
  std::filesystem::create_directory(dir_ + "/links");
  std::filesystem::create_symlink(path_, dir_ + "/links/state.db");
  const auto reader = StateReader::Open(dir_ + "/links/state.db", copies_);
  ASSERT_TRUE(reader.ok()) << reader.status();
  int rows = 0;
  ASSERT_TRUE((*reader)->ReadHistory([&](const HistoryRow&) { ++rows; }).ok());
  EXPECT_EQ(rows, 1);
}

TEST_F(StateReaderTest, LeavesNoCopyBehindEvenWhileItReads) {
  AddHistory(OpenStore().get(), "one");
  const auto reader = StateReader::Open(path_, copies_);
  ASSERT_TRUE(reader.ok());
  EXPECT_TRUE(std::filesystem::is_empty(copies_));
  EXPECT_FALSE(StateReader::Open(dir_ + "/copies", copies_).ok());
  EXPECT_TRUE(std::filesystem::is_empty(copies_));
}

TEST_F(StateReaderTest, GivesTheRowsOfTheOutbox) {
  auto store = OpenStore();
  Delta delta;
  delta.outbox = {{"am", 2, "0123456789abcdef", "said"}, {"am", 3, "0123456789abcdef", "answered"}};
  ASSERT_TRUE(store->Commit(delta, kNow).ok());
  const auto reader = StateReader::Open(path_, copies_);
  ASSERT_TRUE(reader.ok());
  const auto rows = (*reader)->ReadOutbox();
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[1].id, 3);
  EXPECT_EQ((*rows)[1].state, "answered");
}

TEST_F(StateReaderTest, SaysWhatIsWrongAndMakesNothing) {
  const auto missing = StateReader::Open(path_, copies_).status();
  EXPECT_TRUE(absl::IsNotFound(missing)) << missing;
  EXPECT_THAT(missing.message(), HasSubstr(path_));
  EXPECT_THAT(Files(), IsEmpty());

  std::ofstream(path_) << "";
  EXPECT_TRUE(absl::IsFailedPrecondition(StateReader::Open(path_, copies_).status()));
  std::ofstream(path_) << std::string(8192, 'x');
  EXPECT_TRUE(absl::IsDataLoss(StateReader::Open(path_, copies_).status()));
  std::filesystem::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(StateReader::Open(path_, copies_).status()));
  std::filesystem::remove(path_);
  AddHistory(OpenStore().get(), "one");
  EXPECT_FALSE(StateReader::Open(path_, dir_ + "/nowhere").ok());
}

// Another process commits as fast as it can, each time to two tables; the log is begun anew every
// few commits. Whatever moment a copy is of, both tables say the same.
TEST_F(StateReaderTest, ReadsOneMomentHoweverFastTheOwnerWrites) {
  {
    auto store = OpenStore();
    AddHistory(store.get(), "0");
  }
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Store::Options options;
    options.path = path_;
    options.history_rows = 50;
    auto store = Store::Open(options);
    if (!store.ok()) _exit(1);
    for (int i = 1;; ++i) {
      Delta delta;
      delta.history = {{kNow, "f", absl::StrCat(i), "", "", std::string(20'000, 'x')}};
      delta.outbox = {{"am", 2, "f", absl::StrCat(i, ":", std::string(60'000, 'y'))}};
      if (!(*store)->Commit(delta, kNow).ok()) _exit(1);
    }
  }
  int64_t last = 0;
  int changed = 0;
  for (int tries = 0; tries < 40; ++tries) {
    const auto reader = StateReader::Open(path_, copies_);
    if (!reader.ok()) {
      EXPECT_TRUE(absl::IsUnavailable(reader.status())) << reader.status();
      continue;
    }
    std::string newest;
    const absl::Status status =
        (*reader)->ReadHistory([&](HistoryRow row) { newest = std::move(row.kind); });
    ASSERT_TRUE(status.ok()) << status;
    const auto outbox = (*reader)->ReadOutbox();
    ASSERT_TRUE(outbox.ok()) << outbox.status();
    if (outbox->empty()) continue;
    const std::string state = (*outbox)[0].state;
    EXPECT_EQ(state.substr(0, state.find(':')), newest);
    EXPECT_EQ(state.size(), newest.size() + 1 + 60'000);
    const int64_t now = std::stoll(newest);
    EXPECT_GE(now, last);
    changed += now > last ? 1 : 0;
    last = now;
  }
  kill(child, SIGKILL);
  int how = 0;
  ASSERT_EQ(waitpid(child, &how, 0), child);
  EXPECT_TRUE(WIFSIGNALED(how)) << "the writer failed";
  EXPECT_GT(changed, 0);
  // What a killed owner left is whole, too.
  EXPECT_FALSE(Kinds().empty());
}

}  // namespace
}  // namespace tallybell
