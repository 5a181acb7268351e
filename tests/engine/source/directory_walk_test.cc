// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/directory_walk.h"

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/source/log_directory.h"

namespace tallybell {
namespace {

TEST(DirectoryWalkTest, GivesFilesInTheOrderOfTheirNames) {
  const LogDirectory directory;
  std::filesystem::create_directories(directory.Path("b/inner"));
  for (const char* name : {"c.log", "a.log", "b/2", "b/1", "b/inner/x", ".hidden"}) {
    directory.Append(name, "x");
  }
  const DirectoryWalk walk = DirectoryWalk::Of(directory.Path(""));
  EXPECT_EQ(walk.files, (std::vector<std::string>{
                            directory.Path("a.log"), directory.Path("b/1"), directory.Path("b/2"),
                            directory.Path("b/inner/x"), directory.Path("c.log")}));
  EXPECT_TRUE(walk.notes.empty());
}

TEST(DirectoryWalkTest, FollowsLinksToFilesAndNoOthers) {
  const LogDirectory directory;
  std::filesystem::create_directories(directory.Path("d"));
  directory.Append("d/file", "x");
  std::filesystem::create_symlink("d/file", directory.Path("link"));
  std::filesystem::create_symlink(".", directory.Path("d/again"));
  std::filesystem::create_symlink("nowhere", directory.Path("broken"));
  EXPECT_EQ(DirectoryWalk::Of(directory.Path(".")).files,
            (std::vector<std::string>{directory.Path("./d/file"), directory.Path("./link")}));
}

TEST(DirectoryWalkTest, LeavesOutWhatDockerKeepsBesideALog) {
  const LogDirectory directory;
  std::filesystem::create_directories(directory.Path("abc"));
  for (const char* name : {"abc/abc-json.log", "abc/abc-json.log.1", "abc/config.v2.json",
                           "abc/hostname", "abc/resolv.conf"}) {
    directory.Append(name, "x");
  }
  EXPECT_EQ(DirectoryWalk::Of(directory.Path("abc")).files,
            (std::vector<std::string>{directory.Path("abc/abc-json.log"),
                                      directory.Path("abc/abc-json.log.1")}));
}

TEST(DirectoryWalkTest, SaysWhatCannotBeListed) {
  const LogDirectory directory;
  EXPECT_THAT(DirectoryWalk::Of(directory.Path("nothing")).notes,
              testing::ElementsAre(testing::HasSubstr("nothing: not read to its end")));
}

TEST(DirectoryWalkTest, EndsInADirectoryThatIsTooDeep) {
  const LogDirectory directory;
  std::string path = directory.Path("d");
  for (int i = 0; i < 2 * DirectoryWalk::kMaxDepth; ++i) path += "/d";
  std::filesystem::create_directories(path);
  EXPECT_THAT(DirectoryWalk::Of(directory.Path("d")).notes,
              testing::ElementsAre(testing::HasSubstr("too deep")));
}

}  // namespace
}  // namespace tallybell
