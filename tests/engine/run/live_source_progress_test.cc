// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <string>
#include <vector>

#include "engine/run/source_progress.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

constexpr char kRules[] = R"(groups:
  - name: progress
    rules:
      - {alert: A, from: '{container="a"}', match: x, when: count > 0 in 1h}
      - {alert: Any, match: x, when: count > 0 in 1h}
)";

class SourceProgressTest : public testing::Test {
 protected:
  void SetUp() override {
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText("rules.yaml", kRules, &diagnostics);
    ASSERT_FALSE(diagnostics.HasErrors()) << diagnostics.ToString();
    evaluator_ = std::make_unique<Evaluator>(&rules_, Evaluator::Options{{}, true}, &metrics_);
  }

  TimeNs T(uint32_t rule) {
    const RuleClocks& clocks = evaluator_->clocks();
    return clocks.clocks()[clocks.clock_of(rule)].t;
  }
  bool Held(uint32_t rule) {
    const RuleClocks& clocks = evaluator_->clocks();
    return clocks.clocks()[clocks.clock_of(rule)].held;
  }

  RuleSet rules_;
  Metrics metrics_;
  std::unique_ptr<Evaluator> evaluator_;
};

const std::vector<Labels> kA = {Labels{{"container", "a"}}};
const std::vector<Labels> kB = {Labels{{"container", "b"}}};

TEST_F(SourceProgressTest, FilesOfTheSameRulesAreOneSourceThatIsAsFarAsTheSlowest) {
  SourceProgress progress({10, false}, evaluator_.get());
  const auto one = progress.Join({1}, kB, 0);
  const auto two = progress.Join({1}, kB, 0);
  progress.Progress(one, 100);
  progress.Settle(true, 100);
  EXPECT_LT(T(1), 0);  // the other has not said anything
  progress.Progress(two, 60);
  progress.Settle(true, 100);
  EXPECT_EQ(T(1), 50);
  progress.SetLive(two, false);
  progress.Settle(true, 100);
  EXPECT_EQ(T(1), 90);
  EXPECT_EQ(evaluator_->clocks().clocks()[evaluator_->clocks().clock_of(1)].sources.size(), 1u);
}

TEST_F(SourceProgressTest, ARuleWaitsOnlyForTheFilesThatItSelects) {
  SourceProgress progress({0, false}, evaluator_.get());
  const auto a = progress.Join({0, 1}, kA, 0);
  const auto b = progress.Join({1}, kB, 0);
  progress.Progress(a, 100);
  progress.Progress(b, 40);
  progress.Settle(true, 100);
  EXPECT_EQ(T(0), 100);
  EXPECT_EQ(T(1), 40);
}

TEST_F(SourceProgressTest, AFileThatIsGoneHoldsNothingAndItsSourceIsNotLive) {
  SourceProgress progress({0, false}, evaluator_.get());
  const auto a = progress.Join({0, 1}, kA, 0);
  progress.Progress(a, 100);
  progress.Settle(true, 100);
  EXPECT_TRUE(Held(0));
  progress.Leave(a);
  progress.Settle(true, 200);
  EXPECT_FALSE(Held(0));
  const auto again = progress.Join({0, 1}, kA, 250);
  progress.Progress(again, 300);
  progress.Settle(true, 300);
  EXPECT_TRUE(Held(0));
  EXPECT_EQ(T(0), 300);
}

TEST_F(SourceProgressTest, AContainerThatIsGoneIsSilentWhileItsDirectoryCanBeRead) {
  SourceProgress progress({10, true}, evaluator_.get());
  const auto a = progress.Join({0, 1}, kA, 0);
  progress.Progress(a, 100);
  progress.Leave(a);
  progress.Settle(true, 500);
  EXPECT_TRUE(Held(0));
  EXPECT_EQ(T(0), 490);
  progress.Settle(false, 600);
  EXPECT_FALSE(Held(0));
  EXPECT_EQ(T(0), 490);
}

}  // namespace
}  // namespace tallybell
