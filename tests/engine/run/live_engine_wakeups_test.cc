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
#include "absl/synchronization/notification.h"
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

  // Does what there is to do, and waits for the disk.
  void Settle() {
    while (!engine_->Ready() || engine_->Step()) std::this_thread::yield();
    while (!engine_->Ready()) std::this_thread::yield();
  }
  // Until `go_on` the disk does nothing, and more than may waits for it.
  void FallBehind(absl::Notification* go_on) {
    absl::Notification held;
    ASSERT_TRUE(engine_->ReadState([&held, go_on](Store*) {
      held.Notify();
      go_on->WaitForNotification();
      return false;
    }));
    held.WaitForNotification();
    while (engine_->Ready()) {
      Say(absl::StrCat("boom ", said_++));
      engine_->Step();
    }
  }
  void Say(const std::string& text) {
    std::ofstream(log_, std::ios::app) << FormatRfc3339(clock_.Now()) << " " << text << "\n";
  }

  SystemClock clock_;
  Metrics metrics_;
  std::string directory_;
  std::string log_;
  int said_ = 0;
  std::unique_ptr<LiveEngine> engine_;
};

// The disk catches up at any moment, also while it is asked what to wait for.
TEST_F(LiveEngineWakeupsTest, WhoDoesNotWaitForFilesAsksSoonWhetherTheDiskHasCaughtUp) {
  for (int round = 0; round < 200; ++round) {
    Settle();
    absl::Notification go_on;
    FallBehind(&go_on);
    EXPECT_EQ(engine_->NextWakeups().patience, 2 * kMillisecond);
    go_on.Notify();
    for (bool ready = false; !ready;) {
      ready = engine_->Ready();
      const LiveEngine::Wakeups wakeups = engine_->NextWakeups();
      if (!wakeups.fds.empty()) continue;
      ASSERT_LE(wakeups.patience, 2 * kMillisecond) << "in round " << round;
    }
  }
}

// What there was to do when the step before did nothing makes no descriptor readable again.
TEST_F(LiveEngineWakeupsTest, WhatAStepLeftWhileTheDiskWasBehindComesAsSoonAsItHasCaughtUp) {
  Settle();
  absl::Notification go_on;
  FallBehind(&go_on);
  EXPECT_FALSE(engine_->Step());
  go_on.Notify();
  while (!engine_->Ready()) std::this_thread::yield();
  EXPECT_EQ(engine_->NextWakeups().patience, 0);
  Settle();
  EXPECT_GT(engine_->NextWakeups().patience, 0);
}

// So what it says is committed once: what is certain before the end of the file was seen is told as
// soon as it is known, and would be again once it is decided.
TEST_F(LiveEngineWakeupsTest, ALineIsReadAndTheEndOfItsFileSeenInOneStep) {
  for (int i = 0; i < 20; ++i) {
    Settle();
    EXPECT_EQ(metrics_.Total("rule_matches_total"), i);
    Say(absl::StrCat("boom ", i));
    EXPECT_FALSE(engine_->Step());
    EXPECT_EQ(metrics_.Total("rule_matches_total"), i + 1);
  }
}

}  // namespace
}  // namespace tallybell
