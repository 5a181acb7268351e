// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/run/container_files.h"
#include "gtest/gtest.h"
#include "tests/engine/source/log_directory.h"

namespace tallybell {
namespace {

class ContainerFilesTest : public testing::Test {
 protected:
  ContainerFilesTest() {
    config_.kind = FileSourceConfig::Kind::kDocker;
    config_.root = directory_.Path("containers");
    std::filesystem::create_directories(config_.root);
  }

  static std::string Id(char digit) { return std::string(64, digit); }

  void AddContainer(char digit, absl::string_view name, absl::string_view image = "img") {
    const std::string id = Id(digit);
    std::filesystem::create_directories(directory_.Path(absl::StrCat("containers/", id)));
    directory_.Append(absl::StrCat("containers/", id, "/", id, "-json.log"), "");
    directory_.Append(
        absl::StrCat("containers/", id, "/config.v2.json"),
        absl::StrCat("{\"Name\":\"/", name, "\",\"Config\":{\"Image\":\"", image, "\"}}"));
  }

  // Labels by path of what is read.
  std::map<std::string, Labels> Read(const std::string& own_host_name = "") {
    if (files_ == nullptr) {
      OwnContainer::Facts facts;
      facts.host_name = own_host_name;
      files_ = std::make_unique<ContainerFiles>(&config_, OwnContainer(facts), &metrics_);
    }
    FileGlob found = FileGlob::Find(files_->Patterns());
    files_->Choose(0, &found.files);
    std::map<std::string, Labels> labels;
    for (const FileGlob::File& file : found.files) {
      if (!file.left_out) labels[file.path] = files_->LabelsOf(file.path);
    }
    return labels;
  }

  std::set<std::string> Containers(const std::map<std::string, Labels>& labels) {
    std::set<std::string> names;
    for (const auto& [path, each] : labels) names.emplace(each.Get("container"));
    return names;
  }

  const LogDirectory directory_;
  FileSourceConfig config_;
  Metrics metrics_;
  std::unique_ptr<ContainerFiles> files_;
};

using Names = std::set<std::string>;

TEST_F(ContainerFilesTest, FindsContainersAsTheyAppearAndNotItsOwn) {
  AddContainer('a', "controller", "veertu/anka");
  AddContainer('b', "tallybell");
  EXPECT_EQ(Containers(Read(std::string(12, 'b'))), Names{"controller"});
  AddContainer('c', "registry");
  EXPECT_EQ(Containers(Read()), (Names{"controller", "registry"}));
  std::filesystem::remove_all(directory_.Path(absl::StrCat("containers/", Id('a'))));
  EXPECT_EQ(Containers(Read()), Names{"registry"});
  EXPECT_EQ(metrics_.Total("source_files_left_out"), 1);
}

TEST_F(ContainerFilesTest, LabelsGivenWinOverThoseOfTheContainer) {
  config_.labels = {{"job", "anka"}, {"image", "mine"}};
  AddContainer('a', "controller", "veertu/anka");
  EXPECT_EQ(Read().begin()->second,
            (Labels{{"container", "controller"}, {"image", "mine"}, {"job", "anka"}}));
}

TEST_F(ContainerFilesTest, RotatedFilesAreOfTheSameStreamAndCompressedOnesAreNotRead) {
  AddContainer('a', "controller");
  const std::string log = absl::StrCat("containers/", Id('a'), "/", Id('a'), "-json.log");
  directory_.Append(log + ".1", "");
  directory_.Append(log + ".2.gz", "");
  directory_.Append(log + ".tmp", "");
  const std::map<std::string, Labels> labels = Read();
  ASSERT_EQ(labels.size(), 2u);
  EXPECT_EQ(labels.at(directory_.Path(log)), labels.at(directory_.Path(log + ".1")));
}

TEST_F(ContainerFilesTest, NamesAndLabelsSayWhatIsRead) {
  AddContainer('a', "anka-controller");
  AddContainer('b', "anka-test");
  AddContainer('c', "postgres");
  AddContainer('d', "anka-old", "veertu/old");
  config_.include = {"anka-*"};
  config_.exclude = {"*-test"};
  config_.keep = Selector::Parse("{image!~\".*/old\"}").value();
  EXPECT_EQ(Containers(Read()), Names{"anka-controller"});
}

TEST_F(ContainerFilesTest, AContainerThatDockerDoesNotDescribeIsCalledByItsShortId) {
  AddContainer('a', "x");
  std::filesystem::remove(directory_.Path(absl::StrCat("containers/", Id('a'), "/config.v2.json")));
  EXPECT_EQ(Containers(Read()), Names{std::string(12, 'a')});
  EXPECT_EQ(metrics_.Total("source_containers_unknown_total"), 1);
}

TEST_F(ContainerFilesTest, NeedsNoContainerButADirectory) {
  Read();
  EXPECT_TRUE(files_->WithoutFiles().ok());
  std::filesystem::remove_all(config_.root);
  EXPECT_FALSE(files_->WithoutFiles().ok());
}

TEST_F(ContainerFilesTest, PodsAreReadThroughEitherDirectoryAndAreOneStreamOverRestarts) {
  config_.kind = FileSourceConfig::Kind::kKubernetes;
  config_.root = directory_.Path("pods");
  const std::string pod = "pods/anka_controller-0_uid-1/main";
  std::filesystem::create_directories(directory_.Path(pod));
  std::filesystem::create_directories(directory_.Path("links"));
  for (const char* name :
       {"/0.log", "/1.log", "/1.log.20240501-123230", "/0.log.20240430-000000.gz"}) {
    directory_.Append(pod + name, "");
  }
  const std::string link = absl::StrCat("links/controller-0_anka_main-", Id('a'), ".log");
  std::filesystem::create_symlink(directory_.Path(pod + "/1.log"), directory_.Path(link));
  const Labels expected = {
      {"namespace", "anka"}, {"pod", "controller-0"}, {"pod_uid", "uid-1"}, {"container", "main"}};
  const std::map<std::string, Labels> labels = Read();
  EXPECT_EQ(labels.size(), 3u);
  for (const auto& [path, each] : labels) EXPECT_EQ(each, expected) << path;
  config_.root = directory_.Path("links");
  files_ = nullptr;
  const std::map<std::string, Labels> through_links = Read();
  ASSERT_EQ(through_links.size(), 1u);
  EXPECT_EQ(through_links.at(directory_.Path(link)), expected);
  // Its own pod, by name.
  files_ = nullptr;
  EXPECT_TRUE(Read("controller-0").empty());
}

}  // namespace
}  // namespace tallybell
