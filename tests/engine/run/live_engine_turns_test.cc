// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// A running engine whose sources all have something to read.
#include <atomic>
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
#include "tests/support/loki_push_encoder.h"

namespace tallybell {
namespace {

// Everything takes time: each look at it is a millisecond.
class CostlyClock : public Clock {
 public:
  TimeNs Now() const override { return kDay * 20'000; }
  TimeNs Monotonic() const override { return looks_.fetch_add(1) * kMillisecond; }

 private:
  mutable std::atomic<int64_t> looks_{1};
};

constexpr char kRules[] = R"(
groups: [{name: g, rules: [{alert: A, match: boom, when: count > 1000 in 1h}]}])";

class LiveEngineTurnsTest : public ::testing::Test {
 protected:
  LiveEngineTurnsTest() {
    std::string name = absl::StrCat(::testing::TempDir(), "turns-XXXXXX");
    directory_ = mkdtemp(name.data());
    Configuration configuration;
    FileSourceConfig file;
    file.paths = {absl::StrCat(directory_, "/app.log")};
    configuration.files.push_back(std::move(file));
    configuration.pushes.emplace_back();
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
  ~LiveEngineTurnsTest() override {
    engine_.reset();
    std::filesystem::remove_all(directory_);
  }

  bool Step() {
    while (!engine_->Ready()) std::this_thread::yield();  // for the disk
    return engine_->Step();
  }
  void Push() {
    PushRequest request;
    request.path = "/loki/api/v1/push";
    request.content_type = "application/json";
    request.body =
        EncodeJson({{{{{"job", "a"}}, {{clock_.Now(), absl::StrCat("boom ", pushed_++), {}}}}}});
    ASSERT_TRUE(
        engine_->pushes()[0]->intake().Offer(std::move(request), [](const PushError&) {}).ok());
  }

  CostlyClock clock_;
  Metrics metrics_;
  std::string directory_;
  int pushed_ = 0;
  std::unique_ptr<LiveEngine> engine_;
};

TEST_F(LiveEngineTurnsTest, PushesHaveAFifthOfTheTimeWhileFilesAreBehindAndAreNotForgotten) {
  Step();
  for (int i = 0; i < 20; ++i) {
    Push();
    Step();
    EXPECT_EQ(metrics_.Total("rule_matches_total"), pushed_) << "nothing else is to be read";
  }
  std::string text;
  while (text.size() < (size_t{40} << 20)) absl::StrAppend(&text, "2024-10-04T00:00:00Z idle\n");
  std::ofstream(absl::StrCat(directory_, "/app.log")) << text;
  int steps = 0;
  int turns = 0;
  int64_t counted = pushed_;
  Push();
  while (Step()) {
    ++steps;
    if (metrics_.Total("rule_matches_total") == counted) continue;
    counted = metrics_.Total("rule_matches_total");
    ++turns;
    Push();
  }
  EXPECT_GT(steps, 30);
  EXPECT_GT(turns, 3);
  EXPECT_LT(turns, steps * 3 / 4);
  Step();
  EXPECT_EQ(metrics_.Total("rule_matches_total"), pushed_);
}

}  // namespace
}  // namespace tallybell
