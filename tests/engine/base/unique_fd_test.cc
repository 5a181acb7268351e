// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/unique_fd.h"

#include <fcntl.h>

#include <utility>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

int OpenNull() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(UniqueFdTest, ClosesWhatItOwns) {
  const int fd = OpenNull();
  {
    const UniqueFd owner(fd);
    EXPECT_TRUE(owner);
    EXPECT_TRUE(IsOpen(fd));
  }
  EXPECT_FALSE(IsOpen(fd));
}

TEST(UniqueFdTest, MovingHandsOver) {
  const int fd = OpenNull();
  UniqueFd first(fd);
  UniqueFd second(std::move(first));
  EXPECT_EQ(second.get(), fd);
  EXPECT_FALSE(first);  // NOLINT: what a moved-from one says is part of its promise
  UniqueFd third(OpenNull());
  const int replaced = third.get();
  third = std::move(second);
  EXPECT_FALSE(IsOpen(replaced));
  EXPECT_EQ(third.get(), fd);
  EXPECT_TRUE(IsOpen(fd));
}

TEST(UniqueFdTest, ResetIsDoneOnce) {
  UniqueFd owner(OpenNull());
  owner.Reset();
  EXPECT_FALSE(owner);
  const int other = OpenNull();  // most likely the same number again
  owner.Reset();
  EXPECT_TRUE(IsOpen(other));
  close(other);
}

TEST(UniqueFdTest, AnEmptyOneOwnsNothing) {
  const UniqueFd none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.get(), -1);
}

}  // namespace
}  // namespace tallybell
