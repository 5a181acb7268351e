// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/container_labels.h"

#include <sys/stat.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/engine/source/log_directory.h"

namespace tallybell {
namespace {

const char kId[] = "3f4b1a0c9d2e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a";
const char kConfig[] = R"({"StreamConfig":{},"State":{"Running":true},
 "ID":"3f4b1a0c","Config":{"Hostname":"3f4b1a0c9d2e","Image":"veertu/anka-controller:1.43",
 "Labels":{"com.docker.compose.project":"anka","com.docker.compose.service":"controller"}},
 "Name":"/anka-controller-1","LogPath":"/var/lib/docker/x"})";

TEST(ContainerLabelsTest, AreWhatDockerKeepsBesideTheLog) {
  const ContainerLabels found = ContainerLabels::OfDocker(kId, kConfig);
  EXPECT_FALSE(found.unknown);
  EXPECT_EQ(found.labels, (Labels{{"container", "anka-controller-1"},
                                  {"image", "veertu/anka-controller:1.43"},
                                  {"compose_project", "anka"},
                                  {"compose_service", "controller"}}));
}

TEST(ContainerLabelsTest, FallBackToTheShortIdWhateverStandsThere) {
  std::string deep(5000, '[');
  for (const std::string& config :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"),
        std::string("{\"Name\": 3}"), std::string("{\"Name\": \"\"}"),
        std::string("{\"Name\":\"/\"}"), std::string("{\"Config\": [1], \"Name\": {}}"),
        std::string("\xff\xfe\0", 3), deep}) {
    const ContainerLabels found = ContainerLabels::OfDocker(kId, config);
    EXPECT_TRUE(found.unknown) << config.substr(0, 40);
    EXPECT_EQ(found.labels, (Labels{{"container", "3f4b1a0c9d2e"}})) << config.substr(0, 40);
  }
}

TEST(ContainerLabelsTest, KeepWhatCanBeReadOfHostileSettings) {
  const std::string name(100'000, 'n');
  const ContainerLabels found = ContainerLabels::OfDocker(
      kId, absl::StrCat("{\"Name\":\"/", name, "\",\"Config\":{\"Image\":[],\"Labels\":\"x\"}}"));
  EXPECT_FALSE(found.unknown);
  EXPECT_LE(found.labels.Get("container").size(), 256u);
  EXPECT_EQ(found.labels.Get("image"), "");
}

TEST(ContainerLabelsTest, OfAFileAreReadFromItsDirectory) {
  const LogDirectory directory;
  std::filesystem::create_directories(directory.Path(kId));
  const std::string log = absl::StrCat(kId, "/", kId, "-json.log");
  directory.Append(log, "");
  auto found = ContainerLabels::OfFile(directory.Path(log));
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->unknown);
  directory.Append(absl::StrCat(kId, "/config.v2.json"), kConfig);
  found = ContainerLabels::OfFile(directory.Path(log));
  EXPECT_EQ(found->labels.Get("container"), "anka-controller-1");
  EXPECT_EQ(ContainerLabels::OfFile(directory.Path(log + ".1"))->labels, found->labels);
  EXPECT_FALSE(ContainerLabels::OfFile(directory.Path("app.log")).has_value());
}

TEST(ContainerLabelsTest, DoNotWaitForANamedPipeInPlaceOfTheSettings) {
  const LogDirectory directory;
  std::filesystem::create_directories(directory.Path(kId));
  ASSERT_EQ(mkfifo(directory.Path(absl::StrCat(kId, "/config.v2.json")).c_str(), 0600), 0);
  const auto found =
      ContainerLabels::OfFile(directory.Path(absl::StrCat(kId, "/", kId, "-json.log")));
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->unknown);
}

TEST(ContainerLabelsTest, OfAPodAreInItsPath) {
  const auto found = ContainerLabels::OfFile("/var/log/pods/anka_controller-0_uid-1/main/2.log");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->labels, (Labels{{"namespace", "anka"},
                                   {"pod", "controller-0"},
                                   {"pod_uid", "uid-1"},
                                   {"container", "main"}}));
}

}  // namespace
}  // namespace tallybell
