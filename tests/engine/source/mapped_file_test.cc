// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/source/log_directory.h"

namespace tallybell {
namespace {

class MappedFileTest : public ::testing::Test {
 protected:
  UniqueFd Open(absl::string_view name) const {
    return UniqueFd(open(logs_.Path(name).c_str(), O_RDONLY | O_CLOEXEC));
  }

  const LogDirectory logs_;
};

TEST_F(MappedFileTest, ShowsTheBytesOfTheFileAndShowsThemAgainWhenTheyWereReleased) {
  const std::string bytes(17 << 20, 'x');
  logs_.Append("a.log", bytes);
  const UniqueFd fd = Open("a.log");
  const auto file = MappedFile::Map(fd.get(), bytes.size());
  ASSERT_NE(file, nullptr);
  EXPECT_TRUE(file->bytes() == bytes);
  file->Release(bytes.size());
  file->Release(0);
  EXPECT_TRUE(file->bytes() == bytes);
  EXPECT_TRUE(file->Cached(0, bytes.size()));
  EXPECT_TRUE(file->Intact(bytes.size()));
}

TEST_F(MappedFileTest, DoesNotMapWhatIsTooShortOrNoFile) {
  logs_.Append("a.log", "one\n");
  logs_.Append("empty.log", "");
  const UniqueFd fd = Open("a.log");
  EXPECT_EQ(MappedFile::Map(fd.get(), 5), nullptr);
  EXPECT_NE(MappedFile::Map(fd.get(), 4), nullptr);
  EXPECT_EQ(MappedFile::Map(Open("empty.log").get(), 0), nullptr);
  EXPECT_EQ(MappedFile::Map(Open("").get(), 0), nullptr);
}

TEST_F(MappedFileTest, HasNulBytesWhereTheFileWasTruncatedAndSaysSo) {
  const std::string bytes(3 << 20, 'x');
  for (const off_t left : {0, 100, 1 << 20}) {
    logs_.Append("a.log", bytes);
    const UniqueFd fd = Open("a.log");
    const auto file = MappedFile::Map(fd.get(), 0);
    ASSERT_NE(file, nullptr);
    const auto other = MappedFile::Map(fd.get(), 0);
    logs_.Truncate("a.log", left);
    EXPECT_FALSE(file->Intact(left + 1));
    EXPECT_TRUE(file->Intact(left));
    EXPECT_EQ(file->bytes()[file->bytes().size() - 1], '\0');
    EXPECT_EQ(file->bytes()[left], '\0');
    if (left > 0) {
      EXPECT_EQ(file->bytes()[left - 1], 'x');
    }
    EXPECT_FALSE(file->Intact(left));
    EXPECT_FALSE(file->Cached(0, bytes.size()));
    EXPECT_TRUE(other->Intact(left));
    logs_.Remove("a.log");
  }
}

TEST_F(MappedFileTest, MoreThanCanBeKeptTrackOfAreNotMapped) {
  logs_.Append("a.log", "one\n");
  const UniqueFd fd = Open("a.log");
  std::vector<std::unique_ptr<MappedFile>> files;
  while (files.size() < 1000) {
    auto file = MappedFile::Map(fd.get(), 0);
    if (file == nullptr) break;
    files.push_back(std::move(file));
  }
  EXPECT_EQ(files.size(), 64u);
  files.pop_back();
  EXPECT_NE(MappedFile::Map(fd.get(), 0), nullptr);
}

using MappedFileDeathTest = MappedFileTest;

TEST_F(MappedFileDeathTest, LeavesAFaultThatIsNotItsOwnToWhoeverHadTheSignalBefore) {
  logs_.Append("a.log", "one\n");
  const UniqueFd fd = Open("a.log");
  const auto file = MappedFile::Map(fd.get(), 0);
  const auto die = [&] {
    void* const other = mmap(nullptr, 1 << 20, PROT_READ, MAP_SHARED, fd.get(), 0);
    const volatile char byte = static_cast<const volatile char*>(other)[1 << 19];
    (void)byte;
  };
  EXPECT_DEATH(die(), "");
}

}  // namespace
}  // namespace tallybell
