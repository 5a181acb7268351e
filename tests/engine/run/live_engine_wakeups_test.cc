// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What a running engine waits for, while the disk catches up beside it.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/run/live_engine.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

constexpr char kRules[] = R"(
groups: [{name: g, rules: [{alert: A, match: '/boom (?P<n>\d+)/', when: count > 0 in 1h, by: [n]}]}])";

class LiveEngineWakeupsTest : public ::testing::Test {
 protected:
  LiveEngineWakeupsTest() {
    std::string name = absl::StrCat(::testing::TempDir(), "wakeups-XXXXXX");
    directory_ = mkdtemp(name.data());
    log_ = absl::StrCat(directory_, "/app.log");
    std::ofstream(log_) << "2024-10-04T00:00:00Z idle\n";
    Configuration configuration;
    FileSourceConfig file;
    file.paths = {log_};
    file.lateness = 0;
    configuration.files.push_back(std::move(file));
    Store::Options options;
    options.path = absl::StrCat(directory_, "/state.db");
    auto store = Store::Open(options);
    EXPECT_TRUE(store.ok()) << store.status();
    Diagnostics diagnostics;
    engine_ = std::make_unique<LiveEngine>(
        std::move(configuration), LoadRulesFromText("r", kRules, &diagnostics),
        std::vector<std::unique_ptr<Sink>>(), *std::move(store), &clock_, &metrics_);
    EXPECT_TRUE(engine_->Start().ok());
  }
  ~LiveEngineWakeupsTest() override {
    engine_.reset();
    std::filesystem::remove_all(directory_);
  }

  void Say(const std::string& text) {
    std::ofstream(log_, std::ios::app) << FormatRfc3339(clock_.Now()) << " " << text << "\n";
  }

  SystemClock clock_;
  Metrics metrics_;
  std::string directory_;
  std::string log_;
  std::unique_ptr<LiveEngine> engine_;
};

// The disk catches up at any moment, also while it is asked what to wait for.
TEST_F(LiveEngineWakeupsTest, WhoDoesNotWaitForFilesAsksSoonWhetherTheDiskHasCaughtUp) {
  int behind = 0;
  for (int i = 0; i < 400; ++i) {
    Say(absl::StrCat("boom ", i));
    while (engine_->Step()) {
    }
    for (bool ready = false; !ready;) {
      ready = engine_->Ready();
      const LiveEngine::Wakeups wakeups = engine_->NextWakeups();
      if (!wakeups.fds.empty()) continue;
      ++behind;
      ASSERT_LE(wakeups.patience, 2 * kMillisecond) << "in round " << i;
    }
  }
  EXPECT_GT(behind, 0) << "the disk was never behind";
}

// What there was to do when the step before did nothing makes no descriptor readable again.
TEST_F(LiveEngineWakeupsTest, WhatAStepLeftWhileTheDiskWasBehindComesAsSoonAsItHasCaughtUp) {
  int left = 0;
  for (int i = 0; i < 4000 && left < 10; ++i) {
    Say(absl::StrCat("boom ", i));
    while (engine_->Step()) {
    }
    if (engine_->Snapshot()->waits_for_disk == 0) continue;
    ++left;
    while (!engine_->Ready()) std::this_thread::yield();
    EXPECT_EQ(engine_->NextWakeups().patience, 0);
    while (engine_->Step()) {
    }
  }
  EXPECT_GT(left, 0) << "the disk was never behind";
}

}  // namespace
}  // namespace tallybell
