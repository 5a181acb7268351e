// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/stdin_source.h"

#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TimeNs kStart = 1'714'566'750 * kSecond;

constexpr char kRules[] = R"(
groups:
  - name: g
    rules:
      - {alert: Boom, match: boom, when: count > 1 in 10m}
)";

class StdinSourceTest : public ::testing::Test {
 protected:
  StdinSourceTest() {
    int fds[2];
    EXPECT_EQ(pipe(fds), 0);
    reading_ = UniqueFd(fds[0]);
    writing_ = UniqueFd(fds[1]);
    config_.lateness = 10 * kSecond;
    rules_ = NewRules();
    source_ = std::make_unique<StdinSource>(&config_, reading_.get(), std::vector<PositionRow>(),
                                            rules_.get(), &clock_, &metrics_);
  }

  std::unique_ptr<LiveRules> NewRules() {
    Diagnostics diagnostics;
    return std::make_unique<LiveRules>(LoadRulesFromText("r", kRules, &diagnostics),
                                       std::vector<Pattern>(), Labels(), &metrics_);
  }

  void Write(const std::string& text) {
    EXPECT_EQ(write(writing_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  // A line that is stamped so long after the start.
  static std::string Line(DurationNs after, const std::string& text) {
    return absl::StrCat(FormatRfc3339(kStart + after), " ", text, "\n");
  }

  // All that there is; what it decides is taken down.
  void Read() {
    while (source_->Read()) {
    }
    RuleEvaluator::Output output;
    rules_->evaluator.Decide(clock_.Now(), &output);
    for (const Alert& alert : output.certain) told_.push_back(alert.value);
    for (const Transition& step : output.transitions) {
      decided_.push_back(
          absl::StrCat(AlertStateName(step.state), " ", (step.time - kStart) / kSecond));
    }
  }

  TimeNs T() const { return rules_->evaluator.clocks().clocks()[0].t; }

  UniqueFd reading_;
  UniqueFd writing_;
  Metrics metrics_;
  ManualClock clock_{kStart};
  StdinSourceConfig config_;
  std::unique_ptr<LiveRules> rules_;
  std::unique_ptr<StdinSource> source_;
  std::vector<int64_t> told_;
  std::vector<std::string> decided_;
};

TEST_F(StdinSourceTest, RingsOnTheLineThatIsTooManyAndWaitsForNone) {
  Read();
  Write(Line(0, "boom") + Line(0, "bo"));
  Read();
  EXPECT_THAT(told_, IsEmpty());
  Write(Line(0, "boom").substr(0, 30));  // an unfinished line
  Read();
  EXPECT_THAT(told_, IsEmpty());
  Write(Line(0, "boom").substr(30));
  Read();
  EXPECT_THAT(told_, ElementsAre(2));
}

TEST_F(StdinSourceTest, IsCompleteToTheWallClockWhenThereIsNothingToRead) {
  Read();
  EXPECT_EQ(T(), kStart - config_.lateness);
  clock_.Advance(kMinute);
  Read();
  EXPECT_EQ(T(), kStart + kMinute - config_.lateness);
}

TEST_F(StdinSourceTest, AtItsEndAllIsDecidedUpToTheWallClockAndThenItHoldsNoClock) {
  Write(Line(0, "boom") + Line(kSecond, "boom").substr(0, Line(kSecond, "boom").size() - 1));
  writing_ = UniqueFd();
  clock_.Advance(5 * kSecond);
  EXPECT_FALSE(source_->Ended());
  Read();
  EXPECT_TRUE(source_->Ended());
  EXPECT_EQ(source_->watch_fd(), -1);
  EXPECT_THAT(decided_, ElementsAre("firing 1"));
  EXPECT_EQ(T(), kStart + 5 * kSecond);
  EXPECT_TRUE(rules_->evaluator.clocks().clocks()[0].held);
  Read();
  EXPECT_FALSE(rules_->evaluator.clocks().clocks()[0].held);
}

TEST_F(StdinSourceTest, HasNothingToSaveButAsksForACommitOfTheWindows) {
  EXPECT_FALSE(source_->Unsaved());
  Write(Line(0, "boom"));
  Read();
  EXPECT_TRUE(source_->Unsaved());
  Delta delta;
  source_->Save(&delta);
  EXPECT_TRUE(delta.empty());
  EXPECT_FALSE(source_->Unsaved());
}

TEST_F(StdinSourceTest, GoesOnUnderOtherRules) {
  Write(Line(0, "boom"));
  Read();
  std::unique_ptr<LiveRules> rules = NewRules();
  source_->UseRules(rules.get());
  rules_ = std::move(rules);
  Write(Line(0, "boom") + Line(0, "boom"));
  Read();
  EXPECT_THAT(told_, ElementsAre(2));
}

TEST_F(StdinSourceTest, AStampFarAheadDoesNotCarryTheClockAway) {
  Write(Line(kDay, "boom"));
  Read();
  EXPECT_LE(T(), kStart + config_.max_future);
  Write(Line(kSecond, "boom"));
  Read();
  EXPECT_THAT(told_, ElementsAre(2));
}

}  // namespace
}  // namespace tallybell
