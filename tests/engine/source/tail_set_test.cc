// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/tail_set.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/source/log_directory.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> Numbered(absl::string_view prefix, int from, int to) {
  std::vector<std::string> lines;
  for (int i = from; i < to; ++i) lines.push_back(absl::StrCat(prefix, " line number ", i));
  return lines;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) absl::StrAppend(&text, line, "\n");
  return text;
}

class TailSetTest : public ::testing::Test {
 protected:
  Follower& Follow(std::vector<std::string> names) {
    for (const std::string& name : names) options_.paths.push_back(logs_.Path(name));
    follower_ = std::make_unique<Follower>(options_, &metrics_);
    return *follower_;
  }

  LogDirectory logs_;
  Metrics metrics_;
  TailSet::Options options_;
  std::unique_ptr<Follower> follower_;
};

TEST_F(TailSetTest, ReadsFilesThatAreThereAndThoseThatComeLater) {
  logs_.Append("a.log", "one\n");
  Follower& follower = Follow({"*.log"});
  follower.Step(0);
  logs_.Append("a.log", "two\n");
  logs_.Append("b.log", "three\n");
  logs_.Append("c.txt", "not this\n");
  follower.Step(0);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two", "three"));
  EXPECT_EQ(metrics_.Total("source_files"), 2);
}

TEST_F(TailSetTest, StartsAtTheEndOnlyOfWhatIsThereAtTheFirstStart) {
  logs_.Append("a.log", "old\npart");
  options_.start_at_end = true;
  Follower& follower = Follow({"*.log"});
  follower.Step(0);
  logs_.Append("a.log", "ial\nnew\n");
  logs_.Append("b.log", "all\n");
  follower.Step(0);
  EXPECT_THAT(follower.lines(), ElementsAre("partial", "new", "all"));
  follower.Commit();
  follower.Crash();
  logs_.Append("c.log", "while down\n");
  follower.Step(0);
  EXPECT_THAT(follower.lines(), ElementsAre("partial", "new", "all", "while down"));
}

TEST_F(TailSetTest, ReadsARenamedFileToItsEndBeforeItsSuccessor) {
  logs_.Append("a.log", "one\ntw");
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  logs_.Append("a.log", "o\nthree\n");
  logs_.Rename("a.log", "a.log.1");
  logs_.Append("a.log", "four\n");
  follower.Step(0);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two", "three", "four"));
  EXPECT_EQ(metrics_.Total("source_rotations_total"), 1);
}

TEST_F(TailSetTest, ReleasesARenamedFileOnceItIsQuietAndCommitted) {
  logs_.Append("a.log", "one\n");
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  logs_.Rename("a.log", "a.log.1");
  follower.Step(kSecond);
  // Its writer has not noticed yet.
  logs_.Append("a.log.1", "two\n");
  follower.Step(20 * kSecond);
  follower.Step(21 * kSecond);
  follower.Step(50 * kSecond);
  EXPECT_EQ(follower.set().files()[0]->state(), TailedFile::State::kOpen);
  follower.Step(52 * kSecond);
  follower.Step(53 * kSecond);
  EXPECT_THAT(follower.set().files(), SizeIs(1));
  follower.Commit();
  follower.Step(54 * kSecond);
  EXPECT_THAT(follower.set().files(), IsEmpty());
  EXPECT_THAT(follower.rows(), IsEmpty());
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two"));
}

TEST_F(TailSetTest, GivesThePartialLastLineOfARenamedFileOnceItIsQuiet) {
  logs_.Append("a.log", "one\nlast");
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  logs_.Rename("a.log", "a.log.1");
  for (int i = 1; i < 3; ++i) follower.Step(i * 31 * kSecond);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "last"));
}

TEST_F(TailSetTest, ReadsADeletedFileToItsEndAndLetsGoSoon) {
  logs_.Append("a.log", "one\n");
  Follower& follower = Follow({"a.log"});
  follower.Poll(0);
  logs_.Append("a.log", "two\n");
  logs_.Remove("a.log");
  follower.Step(kSecond);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two"));
  follower.Step(2 * kSecond);
  follower.Step(7 * kSecond);
  follower.Commit();
  follower.Step(8 * kSecond);
  EXPECT_THAT(follower.set().files(), IsEmpty());
  logs_.Append("a.log", "three\n");
  follower.Step(9 * kSecond);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two", "three"));
}

TEST_F(TailSetTest, StartsATruncatedFileAnew) {
  logs_.Append("a.log", Joined(Numbered("old", 0, 100)));
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  follower.Commit();
  logs_.Truncate("a.log");
  logs_.Append("a.log", "new\n");
  follower.Step(1);
  EXPECT_EQ(follower.lines().back(), "new");
  EXPECT_THAT(follower.lines(), SizeIs(101));
  EXPECT_EQ(metrics_.Total("source_truncations_total"), 1);
  follower.Commit();
  follower.Crash();
  logs_.Append("a.log", "newer\n");
  follower.Step(2);
  EXPECT_EQ(follower.lines().back(), "newer");
  EXPECT_THAT(follower.lines(), SizeIs(102));
}

TEST_F(TailSetTest, SkipsNothingOfAFileThatWasTruncatedAndHasGrownPastItsOldSize) {
  for (const bool down : {false, true}) {
    SCOPED_TRACE(down);
    const std::string name = absl::StrCat("a", down, ".log");
    options_.paths.clear();
    logs_.Append(name, Joined(Numbered("old", 0, 100)));
    Follower& follower = Follow({name});
    follower.Step(0);
    follower.Commit();
    if (down) follower.Crash();
    logs_.Truncate(name);
    const std::vector<std::string> lines = Numbered("new", 0, 200);
    logs_.Append(name, Joined(lines));
    // Whoever reads without a look first gets nothing of the new content as the old.
    if (!down) follower.Read();
    EXPECT_THAT(follower.lines(), SizeIs(100));
    follower.Step(1);
    ASSERT_THAT(follower.lines(), SizeIs(300));
    EXPECT_TRUE(std::equal(lines.begin(), lines.end(), follower.lines().begin() + 100));
  }
  EXPECT_EQ(metrics_.Total("source_position_rejected_total"), 1);
}

TEST_F(TailSetTest, SkipsNothingOfAFileThatTookTheInodeOfAnother) {
  logs_.Append("a.log", Joined(Numbered("old", 0, 100)));
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  follower.Commit();
  follower.Crash();
  struct stat before;
  ASSERT_EQ(stat(logs_.Path("a.log").c_str(), &before), 0);
  logs_.Remove("a.log");
  struct stat after = {};
  for (int i = 0; i < 100 && after.st_ino != before.st_ino; ++i) {
    if (i > 0) logs_.Rename("a.log", absl::StrCat("other", i));
    logs_.Append("a.log", Joined(Numbered("new", 0, 200)));
    ASSERT_EQ(stat(logs_.Path("a.log").c_str(), &after), 0);
  }
  follower.Step(0);
  EXPECT_THAT(follower.lines(), SizeIs(300));
}

TEST_F(TailSetTest, FinishesAFileThatWasRenamedWhileDownBeforeItsSuccessor) {
  logs_.Append("a.log", "one\n");
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  follower.Commit();
  follower.Crash();
  logs_.Append("a.log", "two\n");
  logs_.Rename("a.log", "a.log.1");
  logs_.Append("a.log", "three\n");
  follower.Step(0);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two", "three"));
}

TEST_F(TailSetTest, TellsFilesThatBeginAlikeApart) {
  const std::string banner = std::string(4096, '#') + "\n";
  Follower& follower = Follow({"*.log"});
  for (int i = 0; i < 250; ++i) {
    logs_.Append(absl::StrCat(i, ".log"), absl::StrCat(banner, "line ", i, "\n"));
  }
  follower.Step(0);
  follower.Commit();
  EXPECT_THAT(follower.lines(), SizeIs(500));
  follower.Crash();
  for (int i = 0; i < 500; ++i) {
    logs_.Append(absl::StrCat(i, ".log"), absl::StrCat(banner, "more ", i, "\n"));
  }
  follower.Step(0);
  EXPECT_THAT(follower.lines(), SizeIs(1500));
}

TEST_F(TailSetTest, FollowsALinkThatIsMovedToAnotherFile) {
  logs_.Append("prog.host.1", "one\n");
  logs_.Link("prog.host.1", "prog.INFO");
  Follower& follower = Follow({"prog.INFO"});
  for (int i = 2; i < 30; ++i) {
    follower.Step(i);
    logs_.Append(absl::StrCat("prog.host.", i - 1), "last of the old\n");
    logs_.Append(absl::StrCat("prog.host.", i), "first of the new\n");
    logs_.Link(absl::StrCat("prog.host.", i), "prog.INFO");
  }
  follower.Step(31);
  EXPECT_THAT(follower.lines(), SizeIs(1 + 2 * 28));
  EXPECT_EQ(follower.set().files().back()->identity().path, logs_.Path("prog.INFO"));
}

TEST_F(TailSetTest, ReadsAFileWithSeveralNamesOnceUnderTheFirst) {
  logs_.Append("z.log", "one\n");
  logs_.Link("z.log", "a.log");
  ASSERT_EQ(link(logs_.Path("z.log").c_str(), logs_.Path("m.log").c_str()), 0);
  Follower& follower = Follow({"z.log", "*.log"});
  follower.Step(0);
  EXPECT_THAT(follower.lines(), ElementsAre("one"));
  EXPECT_EQ(follower.set().files()[0]->identity().path, logs_.Path("z.log"));
}

TEST_F(TailSetTest, GoesOnWithARotatedFileWhoseNewNameAPatternFits) {
  logs_.Append("a.log", "one\n");
  Follower& follower = Follow({"a.log*"});
  follower.Step(0);
  logs_.Rename("a.log", "a.log.1");
  logs_.Append("a.log", "two\n");
  follower.Step(0);
  follower.Commit();
  follower.Crash();
  logs_.Rename("a.log.1", "a.log.2");
  logs_.Rename("a.log", "a.log.1");
  logs_.Append("a.log", "three\n");
  follower.Step(0);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two", "three"));
}

TEST_F(TailSetTest, GoesOnInTheCopyOfATruncatedFile) {
  logs_.Append("a.log", Joined(Numbered("old", 0, 100)) + "par");
  Follower& follower = Follow({"a.log*"});
  follower.Step(0);
  logs_.Append("a.log", "tial\nlast of the old\n");
  logs_.Copy("a.log", "a.log.1");
  logs_.Truncate("a.log");
  logs_.Append("a.log", "new\n");
  follower.Step(1);
  follower.Step(2);
  EXPECT_THAT(follower.lines(), SizeIs(103));
  EXPECT_THAT(follower.lines(), ::testing::IsSupersetOf({"partial", "last of the old", "new"}));
}

TEST_F(TailSetTest, GoesOnInTheCopyOfAFileThatWasTruncatedWhileDown) {
  logs_.Append("a.log", Joined(Numbered("old", 0, 100)));
  Follower& follower = Follow({"a.log*"});
  follower.Step(0);
  follower.Commit();
  follower.Crash();
  logs_.Append("a.log", "last of the old\n");
  logs_.Copy("a.log", "a.log.1");
  logs_.Truncate("a.log");
  logs_.Append("a.log", "new\n");
  follower.Step(1);
  EXPECT_THAT(follower.lines(), SizeIs(102));
}

TEST_F(TailSetTest, GoesOnInAFileThatReplacesAnotherWithTheSameContent) {
  logs_.Append("a.log", Joined(Numbered("old", 0, 100)));
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  logs_.Copy("a.log", "tmp");
  logs_.Append("tmp", "edited\n");
  logs_.Rename("tmp", "a.log");
  follower.Step(1);
  follower.Step(2);
  EXPECT_THAT(follower.lines(), SizeIs(101));
  EXPECT_EQ(follower.lines().back(), "edited");
}

TEST_F(TailSetTest, ComesBackToAFileThatIsRenamedBackAfterItsRelease) {
  logs_.Append("a.log", "one\n");
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  logs_.Rename("a.log", "away");
  for (int i = 1; i < 5; ++i) {
    follower.Step(i * 31 * kSecond);
    follower.Commit();
  }
  ASSERT_THAT(follower.set().files(), IsEmpty());
  logs_.Append("away", "two\n");
  logs_.Rename("away", "a.log");
  follower.Step(kHour);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two"));
}

TEST_F(TailSetTest, WaitsForADirectoryThatIsNotThereYetAndOneThatComesBack) {
  Follower& follower = Follow({"sub/*.log"});
  follower.Step(0);
  std::filesystem::create_directory(logs_.Path("sub"));
  logs_.Append("sub/a.log", "one\n");
  follower.Step(1);
  logs_.Rename("sub", "gone");
  follower.Step(2);
  std::filesystem::create_directory(logs_.Path("sub"));
  logs_.Append("sub/a.log", "two\n");
  follower.Step(3);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two"));
}

TEST_F(TailSetTest, KeepsAPositionWhoseFileIsNotThereForADay) {
  logs_.Append("a.log", "one\n");
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  follower.Commit();
  follower.Crash();
  LogDirectory elsewhere;
  std::filesystem::rename(logs_.Path("a.log"), elsewhere.Path("a.log"));
  follower.Step(0);
  EXPECT_THAT(follower.rows(), SizeIs(1));
  std::filesystem::rename(elsewhere.Path("a.log"), logs_.Path("a.log"));
  logs_.Append("a.log", "two\n");
  follower.Step(1);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two"));
  follower.Commit();
  follower.Crash();
  logs_.Remove("a.log");
  follower.Step(2);
  EXPECT_THAT(follower.rows(), SizeIs(1));
  follower.Step(2 + kDay);
  EXPECT_THAT(follower.rows(), IsEmpty());
}

TEST_F(TailSetTest, AdoptsAPositionOfAnotherDeviceIfTheContentFits) {
  logs_.Append("a.log", "one\n");
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  const auto position = follower.set().files()[0]->PositionAt(4);
  ASSERT_TRUE(position.ok());
  FilePosition moved = *position;
  moved.device += 1;
  TailSet set(options_, {moved}, &metrics_);
  const TailSet::Changes changes = set.Poll(0);
  ASSERT_THAT(changes.opened, SizeIs(1));
  EXPECT_EQ(changes.opened[0]->offset(), 4);
  EXPECT_THAT(changes.forgotten, ElementsAre(moved));
}

TEST_F(TailSetTest, RefusesWhatIsNotARegularFile) {
  ASSERT_EQ(mkfifo(logs_.Path("pipe.log").c_str(), 0600), 0);
  std::filesystem::create_directory(logs_.Path("dir.log"));
  logs_.Append("a.log", "one\n");
  Follower& follower = Follow({"*.log"});
  follower.Step(0);
  follower.Step(1);
  EXPECT_THAT(follower.lines(), ElementsAre("one"));
  EXPECT_EQ(metrics_.Total("source_files_unreadable"), 1);
}

TEST_F(TailSetTest, KeepsReadingWhatItMayNotOpenAnyMore) {
  // Root may open anything, so this needs another user.
  const pid_t child = fork();
  if (child == 0) {
    LogDirectory logs;
    if (geteuid() == 0) {
      chown(logs.Path("").c_str(), 65534, 65534);
      if (setuid(65534) != 0) _exit(1);
    }
    logs.Append("a.log", "one\n");
    TailSet::Options options;
    options.paths = {logs.Path("*.log")};
    Follower follower(options, &metrics_);
    follower.Step(0);
    logs.Append("a.log", "two\n");
    chmod(logs.Path("a.log").c_str(), 0);
    logs.Append("b.log", "three\n");
    chmod(logs.Path("b.log").c_str(), 0);
    follower.Step(1);
    EXPECT_THAT(follower.lines(),
                ElementsAre("one" /* two cannot be appended before chmod */, "two"));
    EXPECT_EQ(metrics_.Total("source_files_unreadable"), 1);
    chmod(logs.Path("").c_str(), 0);
    for (int i = 1; i < 5; ++i) {
      follower.Step(i * kMinute);
      follower.Commit();
    }
    EXPECT_THAT(follower.set().files(), SizeIs(1));
    chmod(logs.Path("").c_str(), 0700);
    chmod(logs.Path("b.log").c_str(), 0600);
    chmod(logs.Path("a.log").c_str(), 0600);
    logs.Append("a.log", "four\n");
    follower.Step(kHour);
    EXPECT_THAT(follower.lines(), ElementsAre("one", "two", "four", "three"));
    _exit(HasFailure() ? 1 : 0);
  }
  int exit = -1;
  waitpid(child, &exit, 0);
  EXPECT_EQ(exit, 0);
}

TEST_F(TailSetTest, TriesAgainWhenThereAreTooManyOpenFiles) {
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 30; ++i) logs_.Append(absl::StrCat(i, ".log"), absl::StrCat(i, "\n"));
    Follower& follower = Follow({"*.log"});
    rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 20;
    setrlimit(RLIMIT_NOFILE, &limit);
    follower.Step(0);
    const size_t some = follower.lines().size();
    limit.rlim_cur = before;
    setrlimit(RLIMIT_NOFILE, &limit);
    follower.Step(1);
    _exit(some > 0 && some < 30 && follower.lines().size() == 30 ? 0 : 1);
  }
  int exit = -1;
  waitpid(child, &exit, 0);
  EXPECT_EQ(exit, 0);
}

TEST_F(TailSetTest, WakesOnAWriteAndTellsItFromAChangeOfNames) {
  logs_.Append("a.log", "one\n");
  Follower& follower = Follow({"*.log"});
  follower.Step(0);
  if (follower.set().watch_fd() < 0) GTEST_SKIP() << "the kernel gives no watches";
  pollfd wait = {follower.set().watch_fd(), POLLIN, 0};
  follower.set().TakeWatchEvents();
  EXPECT_EQ(poll(&wait, 1, 0), 0);
  { std::ofstream(logs_.Path("a.log"), std::ios::app) << "two\n"; }
  EXPECT_EQ(poll(&wait, 1, 10'000), 1);
  EXPECT_FALSE(follower.set().TakeWatchEvents());
  logs_.Append("b.log", "three\n");
  EXPECT_EQ(poll(&wait, 1, 10'000), 1);
  EXPECT_TRUE(follower.set().TakeWatchEvents());
}

TEST_F(TailSetTest, RefusesAPositionBeyondWhatWasRead) {
  logs_.Append("a.log", "one\n");
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  EXPECT_EQ(follower.set().files()[0]->PositionAt(5).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tallybell
