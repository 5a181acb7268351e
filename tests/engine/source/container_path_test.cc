// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/container_path.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/engine/source/log_directory.h"

namespace tallybell {
namespace {

using Kind = ContainerPath::Kind;

const char kId[] = "3f4b1a0c9d2e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a";
const char kPod[] = "/var/log/pods/anka_controller-0_2c48913c-b29f-11e7-9350-020968147796/main/";

std::string Docker(absl::string_view suffix) {
  return absl::StrCat("/var/lib/docker/containers/", kId, "/", kId, "-json.log", suffix);
}

TEST(ContainerPathTest, ReadsTheLayoutOfDocker) {
  ContainerPath path;
  const std::string text = Docker("");
  ASSERT_TRUE(ContainerPath::Parse(text, &path));
  EXPECT_EQ(path.kind, Kind::kDocker);
  EXPECT_EQ(path.id, kId);
  EXPECT_EQ(path.directory, absl::StrCat("/var/lib/docker/containers/", kId));
}

TEST(ContainerPathTest, OrdersTheRotatedFilesOfDockerBeforeTheOneThatIsWritten) {
  ContainerPath now, one, two, ten;
  const std::string texts[] = {Docker(""), Docker(".1"), Docker(".2.gz"), Docker(".10")};
  ASSERT_TRUE(ContainerPath::Parse(texts[0], &now));
  ASSERT_TRUE(ContainerPath::Parse(texts[1], &one));
  ASSERT_TRUE(ContainerPath::Parse(texts[2], &two));
  ASSERT_TRUE(ContainerPath::Parse(texts[3], &ten));
  EXPECT_LT(ten.age, two.age);
  EXPECT_LT(two.age, one.age);
  EXPECT_LT(one.age, now.age);
}

TEST(ContainerPathTest, ReadsTheLayoutOfPods) {
  ContainerPath path;
  const std::string text = absl::StrCat(kPod, "3.log");
  ASSERT_TRUE(ContainerPath::Parse(text, &path));
  EXPECT_EQ(path.kind, Kind::kPod);
  EXPECT_EQ(path.space, "anka");
  EXPECT_EQ(path.pod, "controller-0");
  EXPECT_EQ(path.uid, "2c48913c-b29f-11e7-9350-020968147796");
  EXPECT_EQ(path.container, "main");
  EXPECT_EQ(path.restart, 3);
}

TEST(ContainerPathTest, OrdersTheRotatedFilesOfPodsByTheirStamps) {
  ContainerPath now, old, older;
  const std::string texts[] = {absl::StrCat(kPod, "0.log"),
                               absl::StrCat(kPod, "0.log.20240501-123230"),
                               absl::StrCat(kPod, "0.log.20240430-235959.gz")};
  ASSERT_TRUE(ContainerPath::Parse(texts[0], &now));
  ASSERT_TRUE(ContainerPath::Parse(texts[1], &old));
  ASSERT_TRUE(ContainerPath::Parse(texts[2], &older));
  EXPECT_LT(older.age, old.age);
  EXPECT_LT(old.age, now.age);
  EXPECT_EQ(now.directory, older.directory);
}

TEST(ContainerPathTest, ReadsTheNamesOfLinksToContainers) {
  ContainerPath path;
  const std::string text =
      absl::StrCat("/var/log/containers/controller-0_anka_main-side-", kId, ".log");
  ASSERT_TRUE(ContainerPath::Parse(text, &path));
  EXPECT_EQ(path.kind, Kind::kLink);
  EXPECT_EQ(path.pod, "controller-0");
  EXPECT_EQ(path.space, "anka");
  EXPECT_EQ(path.container, "main-side");
  EXPECT_EQ(path.id, kId);
}

TEST(ContainerPathTest, LeavesOtherPathsAlone) {
  const std::string others[] = {"",
                                "/",
                                "-",
                                "app.log",
                                "/var/log/app.log",
                                "a/b/c.log",
                                "0.log",
                                "/x/0.log",
                                absl::StrCat("/c/", kId, "/abcdefabcdef-json.log"),
                                Docker(".x"),
                                Docker(".1.2"),
                                Docker("."),
                                Docker(".99999999999999999999"),
                                "/c/xyz/xyz-json.log",
                                absl::StrCat(kPod, "x.log"),
                                absl::StrCat(kPod, "0.log.2024"),
                                absl::StrCat(kPod, "0.log.tmp"),
                                "/var/log/pods/a_b/main/0.log",
                                "/var/log/pods/a_b_c_d/main/0.log",
                                "/var/log/pods/__/main/0.log",
                                "a_b_c-12.log",
                                absl::StrCat("a_b_-", kId, ".log")};
  for (const std::string& other : others) {
    ContainerPath path;
    EXPECT_FALSE(ContainerPath::Parse(other, &path)) << other;
  }
}

TEST(ContainerPathTest, FollowsLinksToWhatSaysMost) {
  const LogDirectory directory;
  const std::string pod = directory.Path("pods/anka_controller-0_uid-1/main");
  std::filesystem::create_directories(pod);
  std::filesystem::create_directories(directory.Path("containers"));
  directory.Append("pods/anka_controller-0_uid-1/main/0.log", "x\n");
  const std::string link =
      directory.Path(absl::StrCat("containers/controller-0_anka_main-", kId, ".log"));
  std::filesystem::create_symlink("../pods/anka_controller-0_uid-1/main/0.log", link);
  ContainerPath path;
  std::string storage;
  ASSERT_TRUE(ParseThroughLinks(link, &storage, &path));
  EXPECT_EQ(path.kind, Kind::kPod);
  EXPECT_EQ(path.uid, "uid-1");
  // A link that leads nowhere still says what its name does.
  std::filesystem::remove_all(directory.Path("pods"));
  std::filesystem::remove(link);
  std::filesystem::create_symlink("nowhere", link);
  ASSERT_TRUE(ParseThroughLinks(link, &storage, &path));
  EXPECT_EQ(path.kind, Kind::kLink);
  // One that leads to itself ends.
  const std::string loop = directory.Path("loop");
  std::filesystem::create_symlink("loop", loop);
  EXPECT_FALSE(ParseThroughLinks(loop, &storage, &path));
}

}  // namespace
}  // namespace tallybell
