// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The state file on a disk on which each call in turn fails, and on one whose power is cut.
//
// TALLYBELL_STORE_FAULTS=500 has each of so many calls fail with each error, once and for good; by
// default each of the first 500 fails with one of them.
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/store/store.h"
#include "gtest/gtest.h"
#include "tests/engine/store/numbered_deltas.h"
#include "tests/engine/store/state_directory.h"
#include "tests/engine/store/watched_vfs.h"

namespace tallybell {
namespace {

using Call = WatchedVfs::Call;

// What the system can answer to each call.
struct Fault {
  Call call;
  int code;
  int error;
};
constexpr Fault kFaults[] = {
    {Call::kWrite, SQLITE_FULL, ENOSPC},           {Call::kWrite, SQLITE_IOERR_WRITE, EIO},
    {Call::kWrite, SQLITE_IOERR_WRITE, EDQUOT},    {Call::kWrite, SQLITE_IOERR_WRITE, EROFS},
    {Call::kSync, SQLITE_IOERR_FSYNC, EIO},        {Call::kSync, SQLITE_IOERR_FSYNC, ENOSPC},
    {Call::kTruncate, SQLITE_IOERR_TRUNCATE, EIO}, {Call::kOpen, SQLITE_CANTOPEN, EMFILE},
    {Call::kDelete, SQLITE_IOERR_DELETE, EIO},
};

class NthFails : public WatchedVfs::Watcher {
 public:
  // The `n`-th call from now on, and all of its kind after it if `lasting`, whatever is asked; if
  // `fault` is set, the n-th call of that kind, with that answer.
  NthFails(int n, bool lasting, const Fault* fault) : left_(n), lasting_(lasting), fault_(fault) {}

  int Before(const WatchedVfs::Request& request, int* error) override {
    const bool mine = fault_ == nullptr || fault_->call == request.call;
    if (!mine || left_ == 0) return SQLITE_OK;
    if (left_ > 1) {
      --left_;
      return SQLITE_OK;
    }
    if (fault_ == nullptr) fault_ = Any(request.call);
    if (!lasting_) left_ = 0;
    failed_ = true;
    *error = fault_->error;
    return fault_->code;
  }
  void Heal() { left_ = 0; }
  bool failed() const { return failed_; }

 private:
  static const Fault* Any(Call call) {
    static unsigned turn = 0;
    ++turn;
    for (size_t i = 0; i < std::size(kFaults); ++i) {
      const Fault& fault = kFaults[(turn + i) % std::size(kFaults)];
      if (fault.call == call) return &fault;
    }
    return nullptr;
  }

  int left_;
  const bool lasting_;
  const Fault* fault_;
  bool failed_ = false;
};

class StoreFaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.path = directory_.state();
    WatchedVfs::Install(nullptr);
  }
  void TearDown() override { WatchedVfs::Uninstall(); }

  // Forty transactions, with a restart in the middle, on a disk that fails so. False: it never did.
  bool Survives(NthFails* disk) {
    std::filesystem::remove(options_.path);
    std::filesystem::remove(options_.path + "-wal");
    WatchedVfs::Install(disk);
    std::unique_ptr<Store> store;
    int told = 0;
    int refused = 0;
    while (told < kCommits) {
      // After a few refusals the disk is well again.
      if (refused > 8) disk->Heal();
      if (refused > 60) ADD_FAILURE() << "no end";
      if (refused > 60) return true;
      if (store == nullptr) {
        absl::StatusOr<std::unique_ptr<Store>> opened = Store::Open(options_);
        if (!opened.ok()) {
          EXPECT_FALSE(absl::IsDataLoss(opened.status())) << opened.status();
          ++refused;
          continue;
        }
        store = *std::move(opened);
        EXPECT_EQ(LastDelta(store.get()), told);
      }
      if (!store->Commit(NthDelta(told + 1), kDeltaTime).ok()) {
        ++refused;
        continue;
      }
      ++told;
      if (told == kCommits / 2) store.reset();
    }
    const bool failed = disk->failed();
    disk->Heal();
    EXPECT_EQ(LastDelta(store.get()), told);
    store.reset();
    const auto again = Store::Open(options_);
    EXPECT_TRUE(again.ok()) << again.status();
    if (again.ok()) {
      EXPECT_EQ(LastDelta(again->get()), told);
    }
    WatchedVfs::Install(nullptr);
    return failed;
  }

  static constexpr int kCommits = 30;

  StateDirectory directory_;
  Store::Options options_;
};

TEST_F(StoreFaultTest, LosesNothingAndWritesNothingTwiceWhicheverCallFails) {
  constexpr int kCalls = 500;
  int failed = 0;
  for (int n = 1; n <= kCalls; ++n) {
    SCOPED_TRACE(absl::StrCat("call ", n));
    NthFails disk(n, /*lasting=*/n % 3 == 0, nullptr);
    if (Survives(&disk)) ++failed;
    if (HasFailure()) return;
  }
  EXPECT_EQ(failed, kCalls);
}

TEST_F(StoreFaultTest, LosesNothingWhateverTheSystemAnswers) {
  const char* const asked = getenv("TALLYBELL_STORE_FAULTS");
  const int calls = asked == nullptr ? 8 : atoi(asked);
  for (const Fault& fault : kFaults) {
    for (const bool lasting : {false, true}) {
      for (int n = 1; n <= calls; ++n) {
        SCOPED_TRACE(absl::StrCat("call ", n, " of kind ", static_cast<int>(fault.call),
                                  " answered ", fault.code, " errno ", fault.error, " lasting ",
                                  lasting));
        NthFails disk(n, lasting, &fault);
        if (!Survives(&disk)) break;
        if (HasFailure()) return;
      }
    }
  }
}

// A disk that keeps what it was told to sync, and of the rest what it likes, page by page.
class UnsyncedDisk : public WatchedVfs::Watcher {
 public:
  // Loses its power at the `calls`-th write, truncation or sync.
  explicit UnsyncedDisk(int calls) : left_(calls) {}

  // What the files hold now is on the disk.
  void Settle(const std::string& path) { files_[path].kept = ReadFile(path); }

  int Before(const WatchedVfs::Request& request, int* error) override {
    if (left_ == 0 || --left_ == 0) {
      // What was being written when it happened may be there or not.
      if (!cut_ && request.call == Call::kWrite) Note(request);
      cut_ = true;
      *error = EIO;
      return SQLITE_IOERR;
    }
    return SQLITE_OK;
  }

  void After(const WatchedVfs::Request& request) override {
    File& file = files_[request.name];
    if (request.call == Call::kSync) {
      for (const Change& change : file.changes) Apply(change, &file.kept);
      file.changes.clear();
    } else if (request.call == Call::kDelete) {
      files_.erase(request.name);
    } else {
      Note(request);
    }
  }

  bool cut() const { return cut_; }

  // Writes into `directory` what the disk may hold after the cut.
  void WriteRemains(const std::string& directory, std::mt19937* random) const {
    const unsigned of_ten = (*random)() % 11;
    for (const auto& [name, file] : files_) {
      std::string content = file.kept;
      for (const Change& change : file.changes) {
        if ((*random)() % 10 < of_ten) Apply(change, &content);
      }
      const std::string to =
          absl::StrCat(directory, "/", std::filesystem::path(name).filename().string());
      std::ofstream(to, std::ios::binary | std::ios::trunc) << content;
    }
  }

 private:
  static constexpr size_t kPage = 512;
  struct Change {
    size_t at;
    std::string bytes;
    bool truncates;
  };
  struct File {
    std::string kept;
    std::vector<Change> changes;
  };

  static std::string ReadFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }

  void Note(const WatchedVfs::Request& request) {
    File& file = files_[request.name];
    const auto at = static_cast<size_t>(request.at);
    if (request.call == Call::kTruncate) file.changes.push_back({at, "", true});
    if (request.call != Call::kWrite) return;
    for (size_t i = 0; i < request.bytes.size(); i += kPage) {
      file.changes.push_back({at + i, std::string(request.bytes.substr(i, kPage)), false});
    }
  }

  static void Apply(const Change& change, std::string* content) {
    if (change.truncates) {
      content->resize(change.at);
      return;
    }
    if (content->size() < change.at + change.bytes.size()) {
      content->resize(change.at + change.bytes.size());
    }
    content->replace(change.at, change.bytes.size(), change.bytes);
  }

  int left_;
  bool cut_ = false;
  std::map<std::string, File> files_;
};

TEST_F(StoreFaultTest, HasAllThatItSaidItCommittedWheneverThePowerIsCut) {
  const char* const asked = getenv("TALLYBELL_POWER_CUTS");
  const int cuts = asked == nullptr ? 100 : atoi(asked);
  int cut_in_time = 0;
  for (int seed = 0; seed < cuts; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    StateDirectory before;
    StateDirectory after;
    options_.path = before.state();
    auto store = Store::Open(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    UnsyncedDisk disk(1 + static_cast<int>(random() % 4000));
    disk.Settle(options_.path);
    disk.Settle(options_.path + "-wal");
    WatchedVfs::Install(&disk);
    int told = 0;
    // Large enough for some checkpoints.
    const size_t bytes = 1 + random() % 60'000;
    while (told < 120 && (*store)->Commit(NthDelta(told + 1, bytes), kDeltaTime).ok()) ++told;
    cut_in_time += disk.cut();
    WatchedVfs::Install(nullptr);
    store->reset();
    disk.WriteRemains(after.path(), &random);
    options_.path = after.state();
    const auto found = Store::Open(options_);
    ASSERT_TRUE(found.ok()) << found.status();
    const int last = LastDelta(found->get());
    ASSERT_GE(last, told);
    ASSERT_LE(last, told + 1);
  }
  EXPECT_GT(cut_in_time, cuts / 2);
}

}  // namespace
}  // namespace tallybell
