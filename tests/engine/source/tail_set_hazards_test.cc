// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What happens to log files seldom, and then loses lines in most programs that follow them.
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <string>
#include <thread>
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

class TailSetHazardsTest : public ::testing::Test {
 protected:
  Follower& Follow(std::vector<std::string> names) {
    for (const std::string& name : names) options_.paths.push_back(logs_.Path(name));
    follower_ = std::make_unique<Follower>(options_, &metrics_);
    return *follower_;
  }

  // Runs `act` in a process of its own, which may open so many files; its exit code.
  template <typename Act>
  static int WithDescriptors(rlim_t most, Act act) {
    const pid_t child = fork();
    if (child == 0) {
      rlimit limit = {most, most};
      setrlimit(RLIMIT_NOFILE, &limit);
      act();
      _exit(HasFailure() ? 1 : 0);
    }
    int exit = -1;
    waitpid(child, &exit, 0);
    return exit;
  }

  const LogDirectory logs_;
  Metrics metrics_;
  TailSet::Options options_;
  std::unique_ptr<Follower> follower_;
};

TEST_F(TailSetHazardsTest, TwoHundredRotationsUnderASteadyWriterLoseNothing) {
  constexpr int kRotations = 200;
  constexpr int kLines = 50;  // before and behind each
  Follower& follower = Follow({"app.log*"});
  std::thread writer([this] {
    for (int part = 0; part < kRotations; ++part) {
      std::ofstream file(logs_.Path("app.log"), std::ios::app);
      for (int i = 0; i < kLines; ++i) file << part << " " << i << std::endl;
      logs_.Rename("app.log", absl::StrCat("app.log.", part));
      for (int i = kLines; i < 2 * kLines; ++i) file << part << " " << i << std::endl;
    }
  });
  for (int i = 0; i < 100; ++i) {
    follower.Step(i);
    follower.Commit();
  }
  writer.join();
  follower.Step(1000);
  std::vector<std::string> lines = follower.lines();
  EXPECT_THAT(lines, SizeIs(kRotations * 2 * kLines));
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(std::unique(lines.begin(), lines.end()), lines.end());
}

TEST_F(TailSetHazardsTest, ALinkThatIsSwappedTwoHundredTimesInEitherWayLosesNothing) {
  logs_.Append("prog.0", "0\n");
  logs_.Link("prog.0", "prog.INFO");
  Follower& follower = Follow({"prog.INFO"});
  follower.Step(0);
  for (int i = 1; i <= 200; ++i) {
    const std::string target = absl::StrCat("prog.", i);
    logs_.Append(target, absl::StrCat(i, "\n"));
    if (i % 2 == 0) {
      logs_.Link(target, "prog.INFO");
    } else {
      // The new link often has the inode of the old one.
      logs_.Remove("prog.INFO");
      ASSERT_EQ(symlink(logs_.Path(target).c_str(), logs_.Path("prog.INFO").c_str()), 0);
    }
    logs_.Append(absl::StrCat("prog.", i - 1), absl::StrCat("late ", i - 1, "\n"));
    follower.Step(i);
    if (i % 7 == 0) follower.Commit();
    if (i % 21 == 0) follower.Crash();
  }
  follower.Step(201);
  EXPECT_THAT(follower.lines(), SizeIs(401));
}

TEST_F(TailSetHazardsTest, AFileThatALinkLeadsToMeanwhileIsReadOnce) {
  logs_.Append("prog.1", "one\n");
  logs_.Link("prog.1", "prog.INFO");
  int polls = 0;
  // This is asked between a look at the names and the opening of what they led to.
  options_.choose = [&](TimeNs, std::vector<FileGlob::File>*) {
    if (++polls == 1) logs_.Link("prog.2", "prog.INFO");
  };
  logs_.Append("prog.2", "two\n");
  Follower& follower = Follow({"prog.INFO", "prog.[0-9]"});
  for (int i = 0; i < 3; ++i) follower.Step(i);
  EXPECT_THAT(follower.lines(), testing::UnorderedElementsAre("one", "two"));
  EXPECT_THAT(follower.set().files(), SizeIs(2));
}

TEST_F(TailSetHazardsTest, TenMebibytesThatWereDeletedUnreadAreReadAndLetGo) {
  logs_.Append("a.log", "first\n");
  Follower& follower = Follow({"a.log"});
  follower.Poll(0);
  std::string bytes;
  for (int i = 0; bytes.size() < (10 << 20); ++i) absl::StrAppend(&bytes, "line ", i, "\n");
  logs_.Append("a.log", bytes);
  logs_.Remove("a.log");
  follower.Step(kSecond);
  EXPECT_THAT(follower.lines(), SizeIs(1 + std::count(bytes.begin(), bytes.end(), '\n')));
  follower.Step(2 * kSecond);
  follower.Step(8 * kSecond);
  follower.Commit();
  follower.Poll(9 * kSecond);
  EXPECT_THAT(follower.set().files(), IsEmpty());
}

TEST_F(TailSetHazardsTest, AHoleIsPassedOverWithoutReadingIt) {
  logs_.Append("a.log", "one\n");
  logs_.Truncate("a.log", off_t{5} << 30);
  logs_.Append("a.log", "two\n");
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two"));
  follower.Commit();
  follower.Crash();
  logs_.Append("a.log", "three\n");
  follower.Step(1);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two", "three"));
}

TEST_F(TailSetHazardsTest, AWriterThatGoesOnBehindTheHoleOfATruncationLosesNothing) {
  // Not opened to append, it writes where it was.
  const int writer = open(logs_.Path("a.log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  const auto write_line = [writer](const std::string& line) {
    ASSERT_EQ(write(writer, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  };
  write_line(std::string(100'000, 'x') + "\n");
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  follower.Commit();
  logs_.Truncate("a.log");
  write_line("two\n");
  follower.Step(1);
  follower.Commit();
  follower.Crash();
  write_line("three\n");
  follower.Step(2);
  close(writer);
  EXPECT_THAT(follower.lines(), SizeIs(3));
  EXPECT_EQ(follower.lines()[1], "two");
  EXPECT_EQ(follower.lines()[2], "three");
}

TEST_F(TailSetHazardsTest, MoreFilesThanDescriptorsTakeTurnsAndLoseNothing) {
  constexpr int kFiles = 100;
  const auto act = [this] {
    Follower& follower = Follow({"*.log"});
    TimeNs now = 0;
    int written = 0;
    const auto write_all = [&](absl::string_view text) {
      for (int i = 0; i < kFiles; ++i) {
        // The writer needs one, too.
        logs_.Append(absl::StrCat(i, ".log"), absl::StrCat(text, " ", i, "\n"));
        ++written;
      }
    };
    const auto read_all = [&] {
      for (int i = 0; i < 30; ++i) {
        follower.Step(now += kSecond);
        if (i % 3 == 0) follower.Commit();
      }
    };
    for (int round = 0; round < 4; ++round) {
      write_all(absl::StrCat("round ", round));
      read_all();
      EXPECT_THAT(follower.lines(), SizeIs(written)) << "round " << round;
      if (round % 2 == 1) follower.Crash();
    }
    // Rotated away while they are parked, with more to read.
    write_all("last");
    for (int i = 0; i < kFiles; i += 5) {
      logs_.Rename(absl::StrCat(i, ".log"), absl::StrCat(i, ".old"));
    }
    write_all("new");
    for (int i = 0; i < 4; ++i) read_all();
    follower.Commit();
    std::vector<std::string> lines = follower.lines();
    EXPECT_THAT(lines, SizeIs(written));
    std::sort(lines.begin(), lines.end());
    EXPECT_EQ(std::unique(lines.begin(), lines.end()), lines.end());
    EXPECT_GT(metrics_.Total("source_files"), 90);
  };
  EXPECT_EQ(WithDescriptors(40, act), 0);
}

TEST_F(TailSetHazardsTest, FilesThatAreAllWrittenToAllTheTimeTakeTurns) {
  constexpr int kFiles = 60;
  const auto act = [this] {
    Follower& follower = Follow({"*.log"});
    int written = 0;
    for (int round = 0; round < 60; ++round) {
      for (int i = 0; i < kFiles; ++i) logs_.Append(absl::StrCat(i, ".log"), "line\n");
      written += kFiles;
      follower.Step(round * kSecond);
      // None is far behind the others.
      if (round >= 10) {
        EXPECT_GT(follower.lines().size() + 10 * kFiles, static_cast<size_t>(written));
      }
    }
    for (int i = 0; i < 10; ++i) follower.Step((100 + i) * kSecond);
    EXPECT_THAT(follower.lines(), SizeIs(written));
  };
  EXPECT_EQ(WithDescriptors(40, act), 0);
}

TEST_F(TailSetHazardsTest, AFileThatCannotBeOpenedWhenItIsLookedForIsFoundLater) {
  const auto act = [this] {
    logs_.Append("a.log", "one\n");
    Follower& follower = Follow({"a.log"});
    follower.Step(0);
    follower.Commit();
    follower.Crash();
    logs_.Append("a.log", "two\n");
    logs_.Rename("a.log", "a.log.1");
    logs_.Append("a.log", "three\n");
    // Nothing but the new file can be opened.
    rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    std::vector<UniqueFd> others;
    for (int fd = 0; fd < static_cast<int>(limit.rlim_cur) / 4 * 3 - 1;) {
      others.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
      fd = others.back().get();
    }
    others.pop_back();
    follower.Step(1);
    follower.Commit();
    EXPECT_THAT(follower.lines(), ElementsAre("one", "three"));
    others.clear();
    follower.Step(2);
    EXPECT_THAT(follower.lines(), ElementsAre("one", "three", "two"));
  };
  EXPECT_EQ(WithDescriptors(64, act), 0);
}

TEST_F(TailSetHazardsTest, AFileThatWasTruncatedAndRenamedWhileDownIsReadAnew) {
  logs_.Append("a.log", std::string(2000, 'x') + "\n");
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  if (follower.set().files()[0]->identity().birth == 0) {
    GTEST_SKIP() << "the system does not say when a file was made";
  }
  follower.Commit();
  follower.Crash();
  logs_.Truncate("a.log");
  logs_.Append("a.log", "two\n");
  logs_.Rename("a.log", "a.log.1");
  logs_.Append("a.log", "three\n");
  follower.Step(1);
  EXPECT_THAT(follower.lines(), SizeIs(3));
  follower.Commit();
  follower.Crash();
  follower.Step(2);
  EXPECT_THAT(follower.lines(), SizeIs(3));
}

TEST_F(TailSetHazardsTest, SaysHowMuchIsUnreadAndWhichFilesAreGone) {
  logs_.Append("a.log", "one\n");
  Follower& follower = Follow({"a.log"});
  follower.Step(0);
  EXPECT_EQ(metrics_.Total("source_lag_bytes"), 4);  // as it was when it was looked at
  follower.Step(1);
  EXPECT_EQ(metrics_.Total("source_lag_bytes"), 0);
  follower.Commit();
  follower.Crash();
  logs_.Append("a.log", "lost\n");
  logs_.Append("new", "two\n");
  logs_.Rename("new", "a.log");
  testing::internal::CaptureStderr();
  follower.Step(2);
  EXPECT_EQ(metrics_.Total("source_gaps_total"), 0);
  follower.Step(2 + options_.look_for);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("a file is gone"));
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two"));
  EXPECT_EQ(metrics_.Total("source_gaps_total"), 1);
}

// A name that changes while its directory is listed may be missing in that list.
TEST_F(TailSetHazardsTest, WhatAListingMissedIsGoneOnWithWhenTheNextShowsIt) {
  options_.paths = {logs_.Path("a.log*")};
  for (const absl::string_view later : {"a.log.2", "old.2"}) {
    logs_.Append("a.log", "one\n");
    Follower follower(options_, &metrics_);
    follower.Step(0);
    follower.Commit();
    follower.Crash();
    LogDirectory elsewhere;
    std::filesystem::rename(logs_.Path("a.log"), elsewhere.Path("hidden"));
    logs_.Append("a.log", "three\n");
    follower.Step(kSecond);
    follower.Commit();
    std::filesystem::rename(elsewhere.Path("hidden"), logs_.Path(later));
    logs_.Append(later, "two\n");
    follower.Step(2 * kSecond);
    EXPECT_THAT(follower.lines(), ElementsAre("one", "three", "two")) << later;
    follower.Commit();
    follower.Crash();
    follower.Step(3 * kSecond);
    EXPECT_THAT(follower.lines(), ElementsAre("one", "three", "two")) << later;
    logs_.Remove("a.log");
    logs_.Remove(later);
  }
  EXPECT_EQ(metrics_.Total("source_gaps_total"), 0);
}

TEST_F(TailSetHazardsTest, WhatWasReadIsNotReadAgainWhenItIsCompressed) {
  logs_.Append("a.log", "one\n");
  options_.choose = [](TimeNs, std::vector<FileGlob::File>* files) {
    for (FileGlob::File& file : *files) file.left_out = file.path.ends_with(".gz");
  };
  Follower& follower = Follow({"a.log*"});
  follower.Step(0);
  logs_.Rename("a.log", "a.log.1");
  logs_.Append("a.log", "two\n");
  follower.Step(1);
  // The bytes do not matter: it is known by its name.
  logs_.Copy("a.log.1", "a.log.1.gz");
  logs_.Remove("a.log.1");
  for (int i = 2; i < 10; ++i) {
    follower.Step(i * 10 * kSecond);
    follower.Commit();
  }
  follower.Crash();
  follower.Step(kHour);
  EXPECT_THAT(follower.lines(), ElementsAre("one", "two"));
}

}  // namespace
}  // namespace tallybell
