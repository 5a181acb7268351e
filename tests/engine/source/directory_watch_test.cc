// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/directory_watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/engine/source/log_directory.h"

namespace tallybell {
namespace {

// Kernels that refuse, and how often they were asked.
int asked = 0;
int NoInstance(int) {
  ++asked;
  errno = EMFILE;
  return -1;
}
int NoWatch(int, const char*, uint32_t) {
  ++asked;
  errno = ENOSPC;
  return -1;
}
int OneWatch(int fd, const char* path, uint32_t events) {
  if (asked++ == 0) return inotify_add_watch(fd, path, events);
  errno = ENOSPC;
  return -1;
}

class DirectoryWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    asked = 0;
    if (DirectoryWatch(true).fd() < 0) GTEST_SKIP() << "the kernel gives no watches";
  }

  static bool Readable(const DirectoryWatch& watch, int patience) {
    pollfd wait = {watch.fd(), POLLIN, 0};
    return poll(&wait, 1, patience) == 1;
  }

  // How often `warning` was logged while `act` ran.
  template <typename Act>
  static int Warnings(Act act) {
    testing::internal::CaptureStderr();
    act();
    const std::string said = testing::internal::GetCapturedStderr();
    int times = 0;
    for (size_t at = said.find("cannot be watched"); at != std::string::npos;
         at = said.find("cannot be watched", at + 1)) {
      ++times;
    }
    return times;
  }

  const LogDirectory logs_;
};

TEST_F(DirectoryWatchTest, WithoutAnInstanceItSaysSoOnceAndWatchesNothing) {
  EXPECT_EQ(Warnings([this] {
              DirectoryWatch watch(true, {NoInstance, inotify_add_watch});
              for (int i = 0; i < 3; ++i) watch.Watch({logs_.Path("")});
              EXPECT_EQ(watch.fd(), -1);
              EXPECT_FALSE(watch.Take());
            }),
            1);
}

TEST_F(DirectoryWatchTest, WithoutWatchesItSaysSoOnceAndTriesAgain) {
  EXPECT_EQ(Warnings([this] {
              DirectoryWatch watch(true, {inotify_init1, NoWatch});
              for (int i = 0; i < 3; ++i) watch.Watch({logs_.Path(""), "/"});
              EXPECT_FALSE(watch.Take());
            }),
            1);
  EXPECT_EQ(asked, 6);
}

TEST_F(DirectoryWatchTest, WhatCanBeWatchedIsWatchedBesideWhatCannot) {
  DirectoryWatch watch(true, {inotify_init1, OneWatch});
  std::filesystem::create_directory(logs_.Path("b"));
  watch.Watch({logs_.Path(""), logs_.Path("b")});
  logs_.Append("b/x", "1");
  logs_.Append("x", "1");
  EXPECT_TRUE(Readable(watch, 10'000));
  EXPECT_TRUE(watch.Take());
}

TEST_F(DirectoryWatchTest, MoreEventsThanTheKernelKeepsAreAChangeOfNames) {
  DirectoryWatch watch(true);
  watch.Watch({logs_.Path("")});
  // Equal events in a row are one, so two files take turns.
  std::ofstream a(logs_.Path("a"));
  std::ofstream b(logs_.Path("b"));
  ASSERT_TRUE(watch.Take());
  int kept = 16384;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> kept;
  if (kept > 1 << 20) GTEST_SKIP() << "the kernel keeps too many events to fill it";
  for (int i = 0; i < kept / 2 + 100; ++i) {
    a << i << std::flush;
    b << i << std::flush;
  }
  EXPECT_TRUE(Readable(watch, 10'000));
  // Writes alone would be no change of names: what was lost may be one.
  EXPECT_TRUE(watch.Take());
  EXPECT_FALSE(watch.Take());
}

TEST_F(DirectoryWatchTest, ADirectoryThatWasReplacedIsWatchedAgain) {
  std::filesystem::create_directory(logs_.Path("sub"));
  DirectoryWatch watch(true);
  const std::set<std::string> directories = {logs_.Path("sub")};
  watch.Watch(directories);
  for (const bool removed : {false, true}) {
    SCOPED_TRACE(removed);
    if (removed) {
      std::filesystem::remove_all(logs_.Path("sub"));
    } else {
      logs_.Rename("sub", "old");
    }
    EXPECT_TRUE(Readable(watch, 10'000));
    EXPECT_TRUE(watch.Take());
    std::filesystem::create_directory(logs_.Path("sub"));
    watch.Watch(directories);
    watch.Take();
    logs_.Append("sub/a.log", "one\n");
    EXPECT_TRUE(Readable(watch, 10'000));
    EXPECT_TRUE(watch.Take());
  }
}

}  // namespace
}  // namespace tallybell
