// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/run/configuration.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using Kind = FileSourceConfig::Kind;

Configuration Load(const std::string& sources, std::string* faults) {
  Diagnostics diagnostics;
  Configuration configuration = LoadConfiguration(
      "/etc/t.yaml",
      absl::StrCat("rules: [pack:anka-node]\nsinks: [stdout: {}]\nstate: {path: s.db}\nsources:\n",
                   sources),
      &diagnostics);
  *faults = diagnostics.ToString();
  return configuration;
}

TEST(SourceConfigurationTest, KindsOfContainersNeedNoSettings) {
  std::string faults;
  const Configuration read = Load("  - docker: {}\n  - kubernetes:\n", &faults);
  EXPECT_EQ(faults, "");
  ASSERT_EQ(read.files.size(), 2u);
  EXPECT_EQ(read.files[0].kind, Kind::kDocker);
  EXPECT_EQ(read.files[0].root, "/var/lib/docker/containers");
  EXPECT_EQ(read.files[0].lateness, 10 * kSecond);
  EXPECT_EQ(read.files[0].format, "docker");
  EXPECT_EQ(read.files[1].kind, Kind::kKubernetes);
  EXPECT_EQ(read.files[1].root, "/var/log/pods");
  EXPECT_EQ(read.files[1].lateness, 10 * kSecond);
}

TEST(SourceConfigurationTest, ReadsEveryKeyOfAContainerSource) {
  std::string faults;
  const Configuration read = Load(
      "  - docker: {root: containers/, include: [anka-*, web], exclude: x, keep: '{image=\"a\"}',\n"
      "             labels: {job: anka}, lateness: 3s, stall_after: 2m, start_at: end,\n"
      "             timezone: Europe/Berlin, format: auto, max_future: 5m}\n",
      &faults);
  EXPECT_EQ(faults, "");
  const FileSourceConfig& source = read.files.at(0);
  EXPECT_EQ(source.root, "/etc/containers");
  EXPECT_EQ(source.Key(), "docker /etc/containers");
  EXPECT_EQ(source.include, (std::vector<std::string>{"anka-*", "web"}));
  EXPECT_EQ(source.exclude, std::vector<std::string>{"x"});
  EXPECT_TRUE(source.keep.Matches(Labels{{"image", "a"}}));
  EXPECT_FALSE(source.keep.Matches(Labels{{"image", "b"}}));
  EXPECT_EQ(source.lateness, 3 * kSecond);
  EXPECT_TRUE(source.start_at_end);
}

TEST(SourceConfigurationTest, SaysEveryFaultWithItsPlace) {
  std::string faults;
  Load(
      "  - docker: {rot: /x, keep: '{image=', paths: [a]}\n"
      "  - dcoker: {}\n"
      "  - docker: {root: /var/lib/docker/containers/}\n"
      "    file: {paths: [a.log]}\n"
      "  - kubernetes: [x]\n"
      "  - docker: {}\n",
      &faults);
  for (const char* fault :
       {"5:14: error: .*rot.*root", "5:37: error: .*keep", "5:4[0-9]: error: .*paths",
        "6:[0-9]+: error: .*dcoker.*docker", "7:[0-9]+: error: .*two kinds",
        "9:[0-9]+: error: .*kubernetes", "10:[0-9]+: error: .*already"}) {
    EXPECT_THAT(faults, testing::ContainsRegex(fault));
  }
}

TEST(SourceConfigurationTest, StandardInputIsASourceOnce) {
  std::string faults;
  const Configuration read = Load(
      "  - stdin: {labels: {job: a}, lateness: 3s, format: glog, timezone: Europe/Berlin,\n"
      "            max_future: 5m, multiline: {first: x}}\n",
      &faults);
  EXPECT_EQ(faults, "");
  ASSERT_TRUE(read.standard_input.has_value());
  EXPECT_EQ(read.standard_input->labels.Get("job"), "a");
  EXPECT_EQ(read.standard_input->lateness, 3 * kSecond);
  EXPECT_EQ(read.standard_input->format, "glog");
  EXPECT_EQ(Load("  - stdin:\n", &faults).standard_input->lateness, 10 * kSecond);
  EXPECT_EQ(faults, "");
  Load("  - stdin: {}\n  - stdin: {}\n  - stdin: {paths: [a], stall_after: 1m}\n", &faults);
  for (const char* fault : {"6:[0-9]+: error: .*already", "7:[0-9]+: error: .*already",
                            "error: .*paths", "error: .*stall_after"}) {
    EXPECT_THAT(faults, testing::ContainsRegex(fault));
  }
}

TEST(SourceConfigurationTest, ReadsHowLinesAreJoined) {
  std::string faults;
  const Configuration read = Load(
      "  - file: {paths: [a], multiline: {first: '/^\\S/', last: END, max_lines: 50, "
      "max_wait: 2s}}\n",
      &faults);
  EXPECT_EQ(faults, "");
  const MultilineJoiner::Options& multiline = read.files.at(0).multiline;
  EXPECT_TRUE(multiline.on());
  EXPECT_NE(multiline.first, nullptr);
  EXPECT_NE(multiline.last, nullptr);
  EXPECT_EQ(multiline.max_lines, 50);
  EXPECT_EQ(multiline.max_wait, 2 * kSecond);
}

TEST(SourceConfigurationTest, SaysWhatIsWrongWithHowLinesAreJoined) {
  std::string faults;
  Load(
      "  - file: {paths: [a], multiline: {first: '/(/', max_lines: 0}}\n"
      "  - file: {paths: [b], multiline: {max_wait: 2s}}\n"
      "  - file: {paths: [c], multiline: {frist: '/x/', max_wait: 2d}}\n"
      "  - file: {paths: [d], multiline: yes}\n",
      &faults);
  for (const char* fault :
       {"5:[0-9]+: error: .*first", "5:[0-9]+: error: .*max_lines",
        "6:[0-9]+: error: .*neither first nor last", "7:[0-9]+: error: .*frist.*first",
        "7:[0-9]+: error: .*max_wait", "8:[0-9]+: error: .*multiline"}) {
    EXPECT_THAT(faults, testing::ContainsRegex(fault));
  }
}

}  // namespace
}  // namespace tallybell
