// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// State files that are damaged, missing in part, or somebody else's: read well, put aside, or left
// as they are, and said so.
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/store/state_place.h"
#include "engine/store/state_quarantine.h"
#include "engine/store/store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/store/numbered_deltas.h"
#include "tests/engine/store/state_directory.h"

namespace {
long pretended_type = 0;
}  // namespace

// In place of the C library's: a network file system cannot be mounted by a test.
extern "C" int statfs(const char* path, struct statfs* facts) noexcept {
  const int result = static_cast<int>(syscall(SYS_statfs, path, facts));
  if (pretended_type != 0) facts->f_type = pretended_type;
  return result;
}

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StoreDamageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.path = directory_.state();
    options_.put_aside_at = kDeltaTime;
  }
  void TearDown() override { pretended_type = 0; }

  std::string log() const { return options_.path + "-wal"; }

  static std::string ReadFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  static void WriteFile(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  // A file with `n` transactions; its owner ended as it should, or was killed and left its log.
  void MakeFile(int n, bool killed = false) {
    for (const std::string& name : Names()) {
      std::filesystem::remove_all(directory_.path() + "/" + name);
    }
    const pid_t child = fork();
    if (child == 0) {
      auto store = Store::Open(options_);
      for (int i = 1; store.ok() && i <= n; ++i) {
        if (!(*store)->Commit(NthDelta(i), kDeltaTime).ok()) _exit(1);
      }
      if (!killed) store->reset();
      _exit(0);
    }
    waitpid(child, nullptr, 0);
  }

  void Sql(const std::string& sql) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(options_.path.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  // Opens what is there. It reads well: all of its tables can be read, and it takes more; or it was
  // put aside, as it was, and a new one is begun. True if it was put aside.
  bool ReadsWellOrIsPutAside() {
    const std::string found = ReadFile(options_.path);
    auto store = Store::Open(options_);
    EXPECT_TRUE(store.ok()) << store.status();
    if (!store.ok()) return false;
    const auto all = (*store)->Load();
    EXPECT_TRUE(all.ok()) << all.status();
    if (!all.ok()) return false;
    EXPECT_EQ(all->reset.has_value(), all->fresh);
    Delta delta;
    delta.positions = {{"another", "1"}};
    EXPECT_TRUE((*store)->Commit(delta, kDeltaTime).ok());
    if (!all->reset.has_value()) return false;
    EXPECT_TRUE(all->positions.empty());
    // Thousands of bytes, which nobody wants to see.
    EXPECT_TRUE(ReadFile(all->reset->aside) == found) << all->reset->why;
    store->reset();
    EXPECT_TRUE(Store::Open(options_).ok());
    return true;
  }

  StateDirectory directory_;
  Store::Options options_;
};

TEST_F(StoreDamageTest, PutsAsideWhatIsDamagedAndBeginsANewOne) {
  MakeFile(20);
  const std::string intact = ReadFile(options_.path);
  std::mt19937 random(7);
  std::string noise(intact.size(), '\0');
  for (char& c : noise) c = static_cast<char>(random());
  const std::string cases[] = {"",
                               "x",
                               std::string(8192, '\0'),
                               noise,
                               std::string(5000, 'x'),
                               intact.substr(0, 100),
                               intact.substr(0, 4096),
                               intact.substr(0, intact.size() / 2),
                               std::string(4096, '\0') + intact.substr(4096)};
  for (size_t i = 0; i < std::size(cases); ++i) {
    SCOPED_TRACE(absl::StrCat("case ", i));
    MakeFile(0);
    WriteFile(options_.path, cases[i]);
    EXPECT_TRUE(ReadsWellOrIsPutAside());
  }
}

// One flipped bit in each of 200 places, and every bit of the header.
TEST_F(StoreDamageTest, ReadsWellOrPutsAsideAFileWithABitFlipped) {
  MakeFile(40);
  const std::string intact = ReadFile(options_.path);
  std::mt19937 random(11);
  int aside = 0;
  for (int i = 0; i < 200 + 100 * 8; ++i) {
    const size_t bit = i < 200 ? random() % (intact.size() * 8) : static_cast<size_t>(i) - 200;
    SCOPED_TRACE(absl::StrCat("bit ", bit));
    // A higher version is what a newer tallybell would have written.
    if (bit / 8 >= 60 && bit / 8 < 64) continue;
    std::string damaged = intact;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    WriteFile(options_.path, damaged);
    aside += ReadsWellOrIsPutAside() ? 1 : 0;
    if (HasFailure()) return;
  }
  EXPECT_GT(aside, 100);
}

// Every byte of what the file says of its tables.
TEST_F(StoreDamageTest, ReadsWellOrPutsAsideAFileWhoseSchemaIsDamaged) {
  MakeFile(5);
  const std::string intact = ReadFile(options_.path);
  const size_t begin = intact.find("CREATE");
  const size_t begin_of_cells = intact.rfind("table", begin);
  ASSERT_NE(begin, std::string::npos);
  const size_t end = intact.find('\0', intact.rfind("STRICT", 4096));
  ASSERT_GT(end, begin + 300);
  int aside = 0;
  for (size_t at = std::min(begin, begin_of_cells) - 16; at < end; at += 3) {
    SCOPED_TRACE(absl::StrCat("byte ", at));
    std::string damaged = intact;
    damaged[at] = static_cast<char>(damaged[at] ^ (at % 2 == 0 ? 0x1 : 0x55));
    WriteFile(options_.path, damaged);
    aside += ReadsWellOrIsPutAside() ? 1 : 0;
    if (HasFailure()) return;
  }
  EXPECT_GT(aside, 50);
}

// Schemas that SQLite can read and that are not ours any more.
TEST_F(StoreDamageTest, PutsAsideAFileWhoseTablesAreOthers) {
  const auto change = [](const std::string& what) {
    return "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET " + what;
  };
  const std::string kChanges[] = {
      "ALTER TABLE rule RENAME COLUMN state TO condition",
      "ALTER TABLE history DROP COLUMN detail",
      "DROP TABLE rule_group",
      "DROP TABLE position; CREATE VIEW position AS SELECT rule AS source, state FROM rule",
      "DROP TABLE outbox; CREATE TABLE outbox(x)",
      change("sql = 'CREATE TABLE nonsense' WHERE name = 'rule'"),
      change("sql = 'no statement' WHERE name = 'history'"),
      change("sql = NULL WHERE name = 'outbox'"),
      change("rootpage = 1000 WHERE name = 'position'"),
      change("rootpage = 2 WHERE name = 'rule_group'"),
      change("type = 'view' WHERE name = 'rule'"),
      change("name = 'rules', tbl_name = 'rules' WHERE name = 'rule'"),
  };
  for (const std::string& sql : kChanges) {
    SCOPED_TRACE(sql);
    MakeFile(5);
    Sql(sql);
    EXPECT_TRUE(ReadsWellOrIsPutAside());
  }
}

// The versions of the format that may read and write the file: SQLite takes others for files that
// must not be written, which is no reason to believe them.
TEST_F(StoreDamageTest, PutsAsideAFileThatSaysItMayNotBeWritten) {
  MakeFile(5);
  const std::string intact = ReadFile(options_.path);
  for (const size_t at : {18, 19}) {
    for (const int version : {0, 3, 255}) {
      SCOPED_TRACE(absl::StrCat("byte ", at, " is ", version));
      std::string damaged = intact;
      damaged[at] = static_cast<char>(version);
      WriteFile(options_.path, damaged);
      ReadsWellOrIsPutAside();
    }
  }
}

// But a file that the system does not let us write is whole, and stays where it is.
TEST_F(StoreDamageTest, LeavesAFileAsItIsThatItMayNotWrite) {
  MakeFile(5);
  const std::string before = ReadFile(options_.path);
  ASSERT_EQ(chmod(options_.path.c_str(), 0400), 0);
  const auto refused = [&] {
    const absl::Status status = Store::Open(options_).status();
    return absl::IsPermissionDenied(status) && absl::StrContains(status.message(), "written");
  };
  if (geteuid() != 0) {
    EXPECT_TRUE(refused());
  } else {
    for (const std::string& path : {directory_.path(), options_.path}) {
      ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
    }
    const pid_t child = fork();
    if (child == 0) _exit(setuid(65534) == 0 && refused() ? 0 : 1);
    int exit = -1;
    waitpid(child, &exit, 0);
    EXPECT_EQ(exit, 0);
  }
  EXPECT_THAT(Names(), ElementsAre("state.db"));
  EXPECT_TRUE(ReadFile(options_.path) == before);
}

TEST_F(StoreDamageTest, ReadsWellOrPutsAsideAFileThatWasCutOff) {
  MakeFile(40);
  const std::string intact = ReadFile(options_.path);
  std::mt19937 random(13);
  for (int i = 0; i < 60; ++i) {
    const size_t size = random() % intact.size();
    SCOPED_TRACE(absl::StrCat("size ", size));
    WriteFile(options_.path, intact.substr(0, size));
    EXPECT_TRUE(ReadsWellOrIsPutAside());
    if (HasFailure()) return;
  }
}

TEST_F(StoreDamageTest, ReadsWellOrPutsAsideALogThatIsDamaged) {
  std::mt19937 random(17);
  for (int i = 0; i < 60; ++i) {
    SCOPED_TRACE(absl::StrCat("round ", i));
    MakeFile(5, /*killed=*/true);
    std::string log_bytes = ReadFile(log());
    ASSERT_FALSE(log_bytes.empty());
    if (i % 2 == 0) {
      log_bytes[random() % log_bytes.size()] ^= 1;
    } else {
      log_bytes.resize(random() % log_bytes.size());
    }
    WriteFile(log(), log_bytes);
    ReadsWellOrIsPutAside();
    if (HasFailure()) return;
  }
}

TEST_F(StoreDamageTest, ReadsWellOrPutsAsideAFileWithoutItsLogOrWithAnothers) {
  MakeFile(5, /*killed=*/true);
  std::filesystem::remove(log());
  ReadsWellOrIsPutAside();

  MakeFile(3, /*killed=*/true);
  const std::string ours = ReadFile(log());
  MakeFile(40);
  WriteFile(log(), ours);
  ReadsWellOrIsPutAside();

  MakeFile(0);
  std::filesystem::remove(options_.path);
  const pid_t child = fork();
  if (child == 0) {
    Sql("PRAGMA journal_mode = WAL; CREATE TABLE theirs(x); INSERT INTO theirs VALUES (1)");
    sqlite3* db = nullptr;
    sqlite3_open(options_.path.c_str(), &db);
    sqlite3_exec(db, "INSERT INTO theirs VALUES (2); CREATE TABLE more(x)", nullptr, nullptr,
                 nullptr);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  const std::string theirs = ReadFile(log());
  ASSERT_FALSE(theirs.empty());
  MakeFile(40);
  WriteFile(log(), theirs);
  ReadsWellOrIsPutAside();
}

TEST_F(StoreDamageTest, DoesNotBeginInSilenceWhereOnlyTheLogIsLeft) {
  MakeFile(5, /*killed=*/true);
  std::filesystem::remove(options_.path);
  const auto store = Store::Open(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)->Load()->reset.has_value());
  EXPECT_TRUE(std::filesystem::exists((*store)->Load()->reset->aside + "-wal"));

  MakeFile(5, /*killed=*/true);
  WriteFile(options_.path, "");
  EXPECT_TRUE(ReadsWellOrIsPutAside());
}

TEST_F(StoreDamageTest, PutsTheLogAsideWithItsFile) {
  MakeFile(5, /*killed=*/true);
  const std::string log_bytes = ReadFile(log());
  WriteFile(options_.path, "no database");
  const auto store = Store::Open(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  const std::string aside = options_.path + ".corrupt-20231114T221320Z";
  EXPECT_EQ((*store)->Load()->reset->aside, aside);
  EXPECT_TRUE(ReadFile(aside + "-wal") == log_bytes);
}

TEST_F(StoreDamageTest, KeepsTheNewestThreeThatWerePutAside) {
  for (int i = 0; i < 5; ++i) {
    WriteFile(options_.path, absl::StrCat("damaged ", i));
    WriteFile(log(), "log");
    ASSERT_TRUE(PutStateAside(options_.path, kDeltaTime + i * kSecond).ok());
  }
  EXPECT_THAT(
      Names(),
      ElementsAre("state.db.corrupt-20231114T221322Z", "state.db.corrupt-20231114T221322Z-wal",
                  "state.db.corrupt-20231114T221323Z", "state.db.corrupt-20231114T221323Z-wal",
                  "state.db.corrupt-20231114T221324Z", "state.db.corrupt-20231114T221324Z-wal"));
}

TEST_F(StoreDamageTest, OverwritesNothingThatWasPutAsideInTheSameSecond) {
  std::set<std::string> names;
  for (int i = 0; i < 3; ++i) {
    WriteFile(options_.path, absl::StrCat("damaged ", i));
    const auto aside = PutStateAside(options_.path, kDeltaTime);
    ASSERT_TRUE(aside.ok());
    EXPECT_EQ(ReadFile(*aside), absl::StrCat("damaged ", i));
    names.insert(*aside);
  }
  EXPECT_EQ(names.size(), 3u);
}

TEST_F(StoreDamageTest, LeavesTheFileOfAnotherApplicationOrOfANewerVersionAsItIs) {
  MakeFile(5);
  Sql("PRAGMA user_version = 99");
  std::string before = ReadFile(options_.path);
  absl::Status status = Store::Open(options_).status();
  EXPECT_TRUE(Store::IsOfAnother(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(options_.path));
  EXPECT_TRUE(ReadFile(options_.path) == before);
  EXPECT_THAT(Names(), ElementsAre("state.db"));

  std::filesystem::remove(options_.path);
  Sql("CREATE TABLE theirs(x)");
  before = ReadFile(options_.path);
  EXPECT_TRUE(Store::IsOfAnother(Store::Open(options_).status()));
  EXPECT_TRUE(ReadFile(options_.path) == before);

  std::filesystem::remove(options_.path);
  Sql("CREATE TABLE theirs(x); PRAGMA application_id = 42");
  before = ReadFile(options_.path);
  EXPECT_TRUE(Store::IsOfAnother(Store::Open(options_).status()));
  EXPECT_TRUE(ReadFile(options_.path) == before);
  EXPECT_THAT(Names(), ElementsAre("state.db"));
}

TEST_F(StoreDamageTest, LeavesADamagedFileWhereItIsForWhoeverOnlyChangesIt) {
  WriteFile(options_.path, "no database");
  options_.put_aside_at = kNoTime;
  options_.create = false;
  EXPECT_TRUE(absl::IsDataLoss(Store::Open(options_).status()));
  EXPECT_THAT(Names(), ElementsAre("state.db"));
}

TEST_F(StoreDamageTest, RefusesANetworkFileSystemUnlessItIsAllowed) {
  for (const long type : {0x6969L, 0xff534d42L, 0xfe534d42L, 0x517bL}) {
    pretended_type = type;
    const absl::Status status = Store::Open(options_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("network file system"));
  }
  EXPECT_TRUE(Names().empty());
  options_.allow_network_filesystem = true;
  EXPECT_TRUE(Store::Open(options_).ok());
  EXPECT_EQ(NetworkFileSystem(0xef53), "");
}

TEST_F(StoreDamageTest, WritesTheFileAnewWhenItIsGoneAndKeepsAllOfIt) {
  auto store = Store::Open(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  int n = 0;
  const auto commit = [&] {
    ++n;
    ASSERT_TRUE((*store)->Commit(NthDelta(n), kDeltaTime).ok());
  };
  const auto check = [&] {
    commit();
    const absl::StatusOr<bool> anew = (*store)->WriteAnewIfGone(kDeltaTime + n * kSecond);
    ASSERT_TRUE(anew.ok()) << anew.status();
    EXPECT_TRUE(*anew);
    EXPECT_FALSE(*(*store)->WriteAnewIfGone(kDeltaTime));
    EXPECT_EQ(LastDelta(store->get()), n);
    commit();
    store->reset();
    store = Store::Open(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(LastDelta(store->get()), n);
    EXPECT_FALSE((*store)->Load()->reset.has_value());
    commit();
  };
  commit();
  EXPECT_FALSE(*(*store)->WriteAnewIfGone(kDeltaTime));
  {
    SCOPED_TRACE("both are gone");
    std::filesystem::remove(options_.path);
    std::filesystem::remove(log());
    check();
  }
  {
    SCOPED_TRACE("the file is gone");
    std::filesystem::remove(options_.path);
    check();
  }
  {
    SCOPED_TRACE("the log is gone");
    std::filesystem::remove(log());
    check();
  }
  {
    SCOPED_TRACE("it was renamed");
    std::filesystem::rename(options_.path, options_.path + ".moved");
    check();
  }
  {
    SCOPED_TRACE("another is there");
    std::filesystem::remove(options_.path);
    WriteFile(options_.path, "theirs");
    check();
    bool kept = false;
    for (const std::string& name : Names()) {
      kept |= ReadFile(directory_.path() + "/" + name) == "theirs";
    }
    EXPECT_TRUE(kept);
  }
  {
    SCOPED_TRACE("its directory is gone");
    std::filesystem::remove_all(directory_.path());
    check();
  }
}

}  // namespace
}  // namespace tallybell
