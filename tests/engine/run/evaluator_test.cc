// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/evaluator.h"

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// One rule, fed by hand.
class Rig {
 public:
  Rig(const std::string& keys, bool live, const std::vector<DurationNs>& latenesses) {
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText("rules.yaml",
                               absl::StrCat("groups: [{name: g, rules: [{alert: A, ", keys, "}]}]"),
                               &diagnostics);
    EXPECT_EQ(diagnostics.ToString(), "");
    Evaluator::Options options;
    options.live = live;
    evaluator_ = std::make_unique<Evaluator>(&rules_, options, &metrics_);
    evaluator_->AddFile("log");
    for (const DurationNs lateness : latenesses) evaluator_->AddSource({Labels()}, lateness);
  }

  void Record(uint32_t source, TimeNs t) { evaluator_->Progress(source, t); }
  void Match(uint32_t source, TimeNs t, bool clear = false) {
    MatchedRecord record;
    record.time = t;
    record.offset = offset_++;
    record.matches.push_back({0, clear, 0, "", LentText("boom")});
    evaluator_->Add(record);
    Record(source, t);
  }
  void Clear(uint32_t source, TimeNs t) { Match(source, t, /*clear=*/true); }

  RuleEvaluator::Output Decide(TimeNs wall = kNoTime) {
    RuleEvaluator::Output output;
    evaluator_->Decide(wall, &output);
    return output;
  }
  Evaluator& evaluator() { return *evaluator_; }
  int64_t late() const { return metrics_.Total("late_matches_total"); }

 private:
  RuleSet rules_;
  Metrics metrics_;
  std::unique_ptr<Evaluator> evaluator_;
  uint64_t offset_ = 0;
};

RuleEvaluator& RuleOf(Rig& rig) { return *rig.evaluator().rules()[0]; }

constexpr char kMoreThanThree[] = "match: boom, when: count > 3 in 20m";

TEST(EvaluatorTest, TellsAFiringOnTheEventAndOnce) {
  Rig rig(kMoreThanThree, /*live=*/true, {45 * kSecond});
  for (const int minute : {0, 5, 10}) rig.Match(0, minute * kMinute);
  EXPECT_THAT(rig.Decide(10 * kMinute).certain, IsEmpty());
  rig.Match(0, 15 * kMinute);
  const RuleEvaluator::Output output = rig.Decide(15 * kMinute);
  EXPECT_THAT(output.transitions, IsEmpty());
  ASSERT_THAT(output.certain, SizeIs(1));
  EXPECT_EQ(output.certain[0].starts_at, 15 * kMinute);
  EXPECT_EQ(output.certain[0].value, 4);
  EXPECT_THAT(output.certain[0].evidence, SizeIs(4));
  EXPECT_THAT(rig.Decide(16 * kMinute).certain, IsEmpty());
}

TEST(EvaluatorTest, WhatIsDecidedLaterOnlyMovesStartsAtBack) {
  Rig rig(kMoreThanThree, /*live=*/true, {45 * kSecond});
  for (const int minute : {0, 5, 10, 15}) rig.Match(0, minute * kMinute);
  ASSERT_THAT(rig.Decide(15 * kMinute).certain, SizeIs(1));
  rig.Match(0, 14 * kMinute + 50 * kSecond);
  rig.Record(0, 16 * kMinute);
  const RuleEvaluator::Output output = rig.Decide(16 * kMinute);
  ASSERT_THAT(output.transitions, SizeIs(1));
  EXPECT_EQ(output.transitions[0].alert.starts_at, 14 * kMinute + 50 * kSecond);
  EXPECT_THAT(output.withdrawn, IsEmpty());
}

TEST(EvaluatorTest, WithForItIsCertainOnceThatTimeHasPassed) {
  Rig rig("match: boom, when: count > 1 in 20m, for: 5m", /*live=*/true, {45 * kSecond});
  rig.Match(0, kMinute);
  rig.Match(0, 2 * kMinute);
  EXPECT_THAT(rig.Decide(3 * kMinute).certain, IsEmpty());
  EXPECT_EQ(rig.evaluator().next_certain(), 7 * kMinute);
  EXPECT_THAT(rig.Decide(7 * kMinute - 1).certain, IsEmpty());
  const RuleEvaluator::Output output = rig.Decide(7 * kMinute);
  ASSERT_THAT(output.certain, SizeIs(1));
  EXPECT_EQ(output.certain[0].starts_at, 7 * kMinute);
}

TEST(EvaluatorTest, AForThatTheWindowCannotFillIsNeverCertain) {
  Rig rig("match: boom, when: count > 1 in 5m, for: 5m", /*live=*/true, {45 * kSecond});
  rig.Match(0, kMinute);
  rig.Match(0, 2 * kMinute);
  EXPECT_THAT(rig.Decide(20 * kMinute).certain, IsEmpty());
  EXPECT_EQ(rig.evaluator().next_certain(), kNever);
}

TEST(EvaluatorTest, AClearThatComesBehindItsTimeWithdrawsWhatWasTold) {
  Rig rig("match: boom, clear: up, when: count > 1 in 20m", /*live=*/true, {45 * kSecond});
  rig.Match(0, kMinute);
  rig.Match(0, 2 * kMinute);
  ASSERT_THAT(rig.Decide(2 * kMinute).certain, SizeIs(1));
  rig.Clear(0, kMinute + 50 * kSecond);
  rig.Record(0, 3 * kMinute);
  const RuleEvaluator::Output output = rig.Decide(3 * kMinute);
  EXPECT_THAT(output.transitions, IsEmpty());
  ASSERT_THAT(output.withdrawn, SizeIs(1));
  EXPECT_EQ(output.withdrawn[0].starts_at, 2 * kMinute);
  EXPECT_NE(output.withdrawn[0].ends_at, kNoTime);
}

TEST(EvaluatorTest, WhatALaterRecordMayMakeFalseIsToldWhenItIsDecided) {
  Rig rig("match: boom, when: count == 2 in 20m", /*live=*/true, {45 * kSecond});
  rig.Match(0, kMinute);
  rig.Match(0, 2 * kMinute);
  EXPECT_THAT(rig.Decide(3 * kMinute).certain, IsEmpty());
  rig.Record(0, 3 * kMinute);
  EXPECT_THAT(rig.Decide(3 * kMinute).transitions, SizeIs(1));
}

TEST(EvaluatorTest, AfterAResolveTheNextFiringIsToldOnTheEventToo) {
  Rig rig("match: boom, when: count > 1 in 5m", /*live=*/true, {kHour});
  for (const int minute : {1, 2, 21, 22}) rig.Match(0, minute * kMinute);
  ASSERT_THAT(rig.Decide(22 * kMinute).certain, SizeIs(1));
  rig.Record(0, kHour + 10 * kMinute);
  const RuleEvaluator::Output output = rig.Decide(kHour + 10 * kMinute);
  EXPECT_THAT(output.transitions, SizeIs(2));
  ASSERT_THAT(output.certain, SizeIs(1));
  EXPECT_EQ(output.certain[0].starts_at, 22 * kMinute);
}

TEST(EvaluatorTest, TIsTheLeastOfTheSources) {
  Rig rig(kMoreThanThree, /*live=*/false, {0, 10 * kMinute});
  for (const int minute : {0, 1, 2, 3}) rig.Match(0, minute * kMinute);
  rig.Record(0, 5 * kHour);
  EXPECT_THAT(rig.Decide().transitions, IsEmpty()) << "the other source has said nothing yet";
  rig.Record(1, 13 * kMinute);
  EXPECT_THAT(rig.Decide().transitions, IsEmpty()) << "T is 3:00, and instants before it";
  rig.Record(1, 13 * kMinute + 1);
  EXPECT_THAT(rig.Decide().transitions, SizeIs(1));
  rig.evaluator().Ended(1);
  EXPECT_THAT(rig.Decide().transitions, SizeIs(1)) << "one that has ended holds nobody back";
}

TEST(EvaluatorTest, ARecordThatIsPutInBeforeDecideIsNotLate) {
  Rig rig(kMoreThanThree, /*live=*/false, {0});
  for (const int minute : {0, 1, 2, 3}) rig.Match(0, minute * kMinute);
  rig.Match(0, 4 * kMinute);
  const RuleEvaluator::Output output = rig.Decide();
  ASSERT_THAT(output.transitions, SizeIs(1));
  EXPECT_EQ(output.transitions[0].time, 3 * kMinute);
}

// The paragraph "Too late", written out: everything that was ever accepted, counted anew at every
// instant, and an alert of four sentences.
class SlowRule {
 public:
  SlowRule(DurationNs width, int64_t threshold, DurationNs hold, DurationNs keep)
      : width_(width), threshold_(threshold), hold_(hold), keep_(keep) {}

  void Match(TimeNs e) {
    if (e < t_ && e <= t_ - width_) return;
    matches_.push_back(e);
    if (e < t_) looks_.insert(t_);
  }
  void Clear(TimeNs c) {
    clears_.push_back(c);
    if (c >= t_) return;
    looks_.insert(t_);
    endings_.insert(t_);
  }
  void AdvanceTo(TimeNs t) {
    while (Next() < t) LookAt(Next());
    t_ = std::max(t_, t);
  }

  struct Step {
    TimeNs at;
    AlertState state;
    bool operator==(const Step& other) const { return at == other.at && state == other.state; }
  };
  std::vector<Step> steps;

 private:
  TimeNs Next() const {
    std::set<TimeNs> all = looks_;
    for (const TimeNs e : matches_) all.insert({e, e + width_});
    all.insert(clears_.begin(), clears_.end());
    if (state_ == AlertState::kPending) all.insert(since_ + hold_);
    if (false_since_ != kNoTime) all.insert(false_since_ + keep_);
    const auto next = all.lower_bound(std::max(last_ + 1, t_));
    return next == all.end() ? kNever : *next;
  }

  void LookAt(TimeNs t) {
    int64_t count = 0;
    for (const TimeNs e : matches_) {
      const bool cleared =
          std::any_of(clears_.begin(), clears_.end(), [&](TimeNs c) { return e <= c && c <= t; });
      if (t - width_ < e && e <= t && !cleared) ++count;
    }
    const bool ended =
        endings_.count(t) > 0 || std::find(clears_.begin(), clears_.end(), t) != clears_.end();
    last_ = t;
    if (count > threshold_) {
      false_since_ = kNoTime;
      if (state_ == AlertState::kInactive) {
        state_ = AlertState::kPending;
        since_ = t;
        if (hold_ > 0) steps.push_back({t, state_});
      }
      if (state_ == AlertState::kPending && t >= since_ + hold_) Enter(t, AlertState::kFiring);
      return;
    }
    if (state_ == AlertState::kPending) Enter(t, AlertState::kInactive);
    if (state_ != AlertState::kFiring) return;
    if (false_since_ == kNoTime) false_since_ = t;
    if (!ended && t < false_since_ + keep_) return;
    false_since_ = kNoTime;
    steps.push_back({t, AlertState::kResolved});
    state_ = AlertState::kInactive;
  }

  void Enter(TimeNs t, AlertState state) {
    state_ = state;
    steps.push_back({t, state});
  }

  const DurationNs width_;
  const int64_t threshold_;
  const DurationNs hold_;
  const DurationNs keep_;
  std::vector<TimeNs> matches_, clears_;
  std::set<TimeNs> looks_, endings_;
  TimeNs t_ = 0;
  TimeNs last_ = -1;
  AlertState state_ = AlertState::kInactive;
  TimeNs since_ = kNoTime;
  TimeNs false_since_ = kNoTime;
};

void CompareBeyondLateness(uint32_t seed) {
  std::mt19937 random(seed);
  const auto pick = [&random](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  const int width = pick(1, 15);
  const int threshold = pick(0, 3);
  const int hold = pick(0, 2) == 0 ? pick(1, 6) : 0;
  const int keep = pick(0, 2) == 0 ? pick(1, 9) : 0;
  const std::vector<DurationNs> lateness = {pick(0, 4) * kSecond, pick(0, 4) * kSecond};
  Rig rig(absl::StrCat("match: boom, clear: up, when: count > ", threshold, " in ", width,
                       "s, for: ", hold, "s, keep_firing_for: ", keep, "s"),
          /*live=*/false, lateness);
  SlowRule slow(width * kSecond, threshold, hold * kSecond, keep * kSecond);
  std::vector<SlowRule::Step> steps;
  TimeNs newest[2] = {kNoTime, kNoTime};
  std::string story;
  for (int i = pick(5, 40); i > 0; --i) {
    // Any record may be far behind: nothing holds to the lateness here.
    const int source = pick(0, 1);
    const int at = pick(100, 150);
    const int kind = pick(0, 9);
    const TimeNs t = at * kSecond;
    absl::StrAppend(&story, " ",
                    kind == 0  ? "clear"
                    : kind < 7 ? "match"
                               : "other",
                    at, "@", source);
    if (kind == 0) {
      rig.Clear(source, t);
      slow.Clear(t);
    } else if (kind < 7) {
      rig.Match(source, t);
      slow.Match(t);
    } else {
      rig.Record(source, t);
    }
    newest[source] = std::max(newest[source], t);
    if (newest[0] != kNoTime && newest[1] != kNoTime) {
      slow.AdvanceTo(std::min(newest[0] - lateness[0], newest[1] - lateness[1]));
    }
    for (const Transition& step : rig.Decide().transitions) {
      steps.push_back({step.time, step.state});
    }
  }
  RuleEvaluator::Output rest;
  rig.evaluator().Finish(300 * kSecond, /*drain=*/false, &rest);
  for (const Transition& step : rest.transitions) steps.push_back({step.time, step.state});
  slow.AdvanceTo(300 * kSecond + 1);
  ASSERT_EQ(steps.size(), slow.steps.size()) << "seed " << seed << story;
  for (size_t i = 0; i < steps.size(); ++i) {
    ASSERT_TRUE(steps[i] == slow.steps[i])
        << "seed " << seed << " count > " << threshold << " in " << width << " for " << hold
        << " keep " << keep << ": " << steps[i].at / kSecond << " "
        << AlertStateName(steps[i].state) << ", not " << slow.steps[i].at / kSecond << " "
        << AlertStateName(slow.steps[i].state) << "\n"
        << story;
  }
}

TEST(EvaluatorTest, RecordsBeyondTheLatenessOfTwoSourcesTakeTheirPlaces) {
  for (uint32_t seed = 1; seed <= 5000; ++seed) {
    CompareBeyondLateness(seed);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(EvaluatorTest, AForgottenGroupEndsItsAlertAndItsWindow) {
  Rig rig("match: boom, when: count > 1 in 20m", /*live=*/true, {0});
  rig.Match(0, 1 * kMinute);
  rig.Match(0, 2 * kMinute);
  ASSERT_THAT(rig.Decide(2 * kMinute).certain, SizeIs(1));
  RuleEvaluator::Output output;
  EXPECT_EQ(RuleOf(rig).Forget(Labels{{"host", "other"}}, 3 * kMinute, &output), 0u);
  EXPECT_THAT(output.transitions, IsEmpty());
  RuleOf(rig).TakeChanged();
  EXPECT_EQ(RuleOf(rig).Forget(Labels(), 3 * kMinute, &output), 1u);
  ASSERT_THAT(output.transitions, SizeIs(1));
  EXPECT_EQ(output.transitions[0].state, AlertState::kResolved);
  EXPECT_EQ(output.transitions[0].alert.starts_at, 2 * kMinute);
  EXPECT_EQ(output.transitions[0].alert.ends_at, 3 * kMinute);
  // Its row goes, and nothing of it comes back.
  const std::vector<std::string> changed = RuleOf(rig).TakeChanged();
  ASSERT_THAT(changed, SizeIs(1));
  EXPECT_EQ(RuleOf(rig).Find(changed[0]), nullptr);
  EXPECT_EQ(RuleOf(rig).active(), 0u);
  EXPECT_EQ(RuleOf(rig).next_instant(), kNever);
  rig.Match(0, 4 * kMinute);
  output = rig.Decide(60 * kMinute);
  EXPECT_THAT(output.certain, IsEmpty());
  EXPECT_THAT(output.transitions, IsEmpty());
}

TEST(EvaluatorTest, AForgottenGroupThatWasPendingIsInactive) {
  Rig rig("match: boom, when: count > 1 in 20m, for: 5m", /*live=*/true, {0});
  rig.Match(0, 1 * kMinute);
  rig.Match(0, 2 * kMinute);
  rig.Record(0, 3 * kMinute);
  ASSERT_THAT(rig.Decide(3 * kMinute).transitions, SizeIs(1));
  RuleEvaluator::Output output;
  EXPECT_EQ(RuleOf(rig).Forget(Labels(), 4 * kMinute, &output), 1u);
  ASSERT_THAT(output.transitions, SizeIs(1));
  EXPECT_EQ(output.transitions[0].state, AlertState::kInactive);
  EXPECT_EQ(rig.evaluator().next_certain(), kNever);
}

}  // namespace
}  // namespace tallybell
