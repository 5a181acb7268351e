// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/replay_plan.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/run/source_labels.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/source/log_directory.h"

namespace tallybell {
namespace {

using Paths = std::vector<std::string>;

std::vector<Paths> Sources(const ReplayPlan& plan) {
  std::vector<Paths> sources;
  for (const ReplaySource& source : plan.sources) sources.push_back(source.parts);
  return sources;
}

TEST(ReplayPlanTest, ADirectoryIsItsFilesInTheOrderOfTheirNames) {
  const LogDirectory directory;
  for (const char* name : {"b.log", "a.log", "a.log.1", "a.log.2"}) directory.Append(name, "x");
  const ReplayPlan plan = PlanReplay({directory.Path("")});
  EXPECT_THAT(Sources(plan),
              testing::ElementsAre(Paths{directory.Path("a.log.2"), directory.Path("a.log.1"),
                                         directory.Path("a.log")},
                                   Paths{directory.Path("b.log")}));
  EXPECT_EQ(plan.unread, 0);
}

TEST(ReplayPlanTest, AnEmptyDirectoryIsUnreadAndNamed) {
  const LogDirectory directory;
  const ReplayPlan plan = PlanReplay({directory.Path("")});
  EXPECT_TRUE(plan.sources.empty());
  EXPECT_EQ(plan.unread, 1);
  EXPECT_THAT(plan.notes, testing::ElementsAre(testing::HasSubstr("there is no file in it")));
}

TEST(ReplayPlanTest, APatternStandsForTheFilesAndDirectoriesThatFitIt) {
  const LogDirectory directory;
  std::filesystem::create_directories(directory.Path("day1"));
  for (const char* name : {"b.log", "a.log", "day1/c.log", "odd[1].log", "other"}) {
    directory.Append(name, "x");
  }
  const Paths a_and_b[] = {{directory.Path("a.log")}, {directory.Path("b.log")}};
  EXPECT_THAT(Sources(PlanReplay({directory.Path("[ab].log")})),
              testing::ElementsAre(a_and_b[0], a_and_b[1]));
  EXPECT_THAT(Sources(PlanReplay({directory.Path("day*")})),
              testing::ElementsAre(Paths{directory.Path("day1/c.log")}));
  // A file of that name goes before what it would mean.
  EXPECT_THAT(Sources(PlanReplay({directory.Path("odd[1].log")})),
              testing::ElementsAre(Paths{directory.Path("odd[1].log")}));
  // Opening it says that there is none.
  EXPECT_THAT(Sources(PlanReplay({directory.Path("none*")})),
              testing::ElementsAre(Paths{directory.Path("none*")}));
}

TEST(ReplayPlanTest, PartsWithADateInTheirNamesAreOneSourceOldestFirst) {
  const LogDirectory directory;
  for (const char* name :
       {"a.log", "a.log-20240502", "a.log-20240501.gz", "a.log-20240501-1714566750.gz", "a.log.1",
        "b-2024-05-02.log", "b-2023-12-31.log.zst", "b.log", "c-20241301", "c-99999999"}) {
    directory.Append(name, "x");
  }
  EXPECT_THAT(
      Sources(PlanReplay({directory.Path("")})),
      testing::ElementsAre(
          Paths{directory.Path("a.log-20240501.gz"), directory.Path("a.log-20240501-1714566750.gz"),
                directory.Path("a.log-20240502"), directory.Path("a.log.1"),
                directory.Path("a.log")},
          Paths{directory.Path("b-2023-12-31.log.zst"), directory.Path("b-2024-05-02.log"),
                directory.Path("b.log")},
          Paths{directory.Path("c-20241301")}, Paths{directory.Path("c-99999999")}));
}

TEST(ReplayPlanTest, AllFilesOfAContainerOfAPodAreOneSourceOldestFirst) {
  const LogDirectory directory;
  const std::string pod = "anka_controller-0_uid/main";
  std::filesystem::create_directories(directory.Path(pod));
  for (const char* name :
       {"/1.log", "/0.log", "/0.log.20240501-123230", "/1.log.20240502-000000.gz", "/10.log"}) {
    directory.Append(pod + name, "x");
  }
  Paths expected;
  for (const char* name :
       {"/0.log.20240501-123230", "/0.log", "/1.log.20240502-000000.gz", "/1.log", "/10.log"}) {
    expected.push_back(directory.Path(pod + name));
  }
  const ReplayPlan plan = PlanReplay({directory.Path("")});
  EXPECT_THAT(Sources(plan), testing::ElementsAre(expected));
  const Labels labels = ReplayLabels(expected[0], {{"job", "anka"}}, nullptr);
  for (const std::string& path : expected) {
    EXPECT_EQ(ReplayLabels(path, {{"job", "anka"}}, nullptr), labels) << path;
  }
  EXPECT_EQ(labels.Get("pod"), "controller-0");
  EXPECT_EQ(labels.Get("job"), "anka");
  EXPECT_EQ(labels.Get("filename"), "");
}

TEST(ReplayPlanTest, OfADockerDirectoryOnlyLogsAreRead) {
  const LogDirectory directory;
  const std::string id(64, 'a');
  std::filesystem::create_directories(directory.Path(id));
  for (const char* name : {"-json.log", "-json.log.1", "-json.log.2.gz"}) {
    directory.Append(absl::StrCat(id, "/", id, name), "x");
  }
  directory.Append(absl::StrCat(id, "/config.v2.json"), "{}");
  directory.Append(absl::StrCat(id, "/hostname"), "x");
  const std::string log = directory.Path(absl::StrCat(id, "/", id, "-json.log"));
  EXPECT_THAT(Sources(PlanReplay({directory.Path("")})),
              testing::ElementsAre(Paths{log + ".2.gz", log + ".1", log}));
}

TEST(ReplayPlanTest, OfTheSeverityFilesOfAProgramTheLowestIsRead) {
  const LogDirectory directory;
  for (const char* severity : {"ERROR", "INFO", "WARNING"}) {
    directory.Append(absl::StrCat("agent.mac.root.log.", severity, ".20240501-120000.1"), "x");
  }
  directory.Link("agent.mac.root.log.ERROR.20240501-120000.1", "agent.ERROR");
  const ReplayPlan plan = PlanReplay({directory.Path("")});
  EXPECT_THAT(
      Sources(plan),
      testing::ElementsAre(Paths{directory.Path("agent.mac.root.log.INFO.20240501-120000.1")}));
  EXPECT_EQ(plan.notes.size(), 3u);  // one is the link's
}

}  // namespace
}  // namespace tallybell
