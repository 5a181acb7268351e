// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/group_timeline.h"

#include <algorithm>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/timeline_oracle.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;

// Feeds a timeline as a source does: records in their order of arrival, T behind the newest.
class TimelineRig {
 public:
  TimelineRig(TimelineRule rule, DurationNs lateness)
      : rule_(rule), timeline_(&rule_), lateness_(lateness) {}

  void Record(TimeNs t) {
    if (rule_.absence && !rule_.grouped) timeline_.StartAbsence(t);
    newest_ = std::max(newest_, t);
    DecideBefore(SubtractNs(newest_, lateness_));
  }

  GroupTimeline::Arrival Match(TimeNs t) {
    // A record is known before T moves on by it.
    const auto arrival = timeline_.AddMatch(WindowMatch(t), decided_);
    Record(t);
    return arrival;
  }

  GroupTimeline::Arrival Clear(TimeNs t) {
    const auto arrival = timeline_.AddClear(t, decided_);
    Record(t);
    return arrival;
  }

  // Decides many instants at a time where it can.
  void Hurry() { hurry_ = true; }

  void DecideBefore(TimeNs t) {
    decided_ = std::max(decided_, t);
    while (timeline_.NextInstant() < decided_) {
      if (!hurry_ || !timeline_.DecideQuiet(decided_).has_value()) Step();
    }
  }

  void DecideThrough(TimeNs end) { DecideBefore(AddNs(end, 1)); }

  const std::vector<OracleStep>& steps() const { return steps_; }
  const std::vector<TimelineStep>& full_steps() const { return full_steps_; }
  GroupTimeline& timeline() { return timeline_; }

 private:
  void Step() {
    const TimeNs at = timeline_.NextInstant();
    const auto step = timeline_.Decide();
    ASSERT_GT(timeline_.NextInstant(), at) << "an instant must be decided once";
    if (!step.has_value()) return;
    steps_.push_back({step->time, step->state, step->value});
    full_steps_.push_back(*step);
  }

  TimelineRule rule_;
  GroupTimeline timeline_;
  DurationNs lateness_;
  bool hurry_ = false;
  TimeNs newest_ = kNoTime;
  TimeNs decided_ = kNoTime;
  std::vector<OracleStep> steps_;
  std::vector<TimelineStep> full_steps_;
};

TimelineRule MoreThanThreeInTwentyMinutes() {
  TimelineRule rule;
  rule.width = 20 * kMinute;
  rule.op = Comparison::kGreater;
  rule.threshold = 3;
  return rule;
}

TEST(GroupTimelineTest, TheFourthMatchFiresAndTheOldestLeavingResolves) {
  TimelineRig rig(MoreThanThreeInTwentyMinutes(), 0);
  for (const int minute : {0, 5, 10, 15}) rig.Match(minute * kMinute);
  rig.DecideThrough(kNever - 1);
  EXPECT_THAT(rig.steps(), ElementsAre(OracleStep{15 * kMinute, AlertState::kFiring, 4},
                                       OracleStep{20 * kMinute, AlertState::kResolved, 3}));
}

TEST(GroupTimelineTest, AMatchAtTheInstantOfResolvingKeepsItFiring) {
  TimelineRig rig(MoreThanThreeInTwentyMinutes(), 0);
  for (const int minute : {0, 5, 10, 15, 20}) rig.Match(minute * kMinute);
  rig.DecideThrough(kNever - 1);
  EXPECT_THAT(rig.steps(), ElementsAre(OracleStep{15 * kMinute, AlertState::kFiring, 4},
                                       OracleStep{25 * kMinute, AlertState::kResolved, 3}));
}

TEST(GroupTimelineTest, AResolveShowsTheLastTrueInstant) {
  TimelineRig rig(MoreThanThreeInTwentyMinutes(), 0);
  for (const int minute : {0, 5, 10, 15, 16}) rig.Match(minute * kMinute);
  rig.DecideThrough(kNever - 1);
  ASSERT_EQ(rig.full_steps().size(), 2u);
  const TimelineStep& resolved = rig.full_steps()[1];
  EXPECT_EQ(resolved.time, 25 * kMinute);
  EXPECT_EQ(resolved.value, 3);
  EXPECT_EQ(resolved.shown.value, 4) << "5, 10, 15 and 16 were in until 25:00";
  EXPECT_EQ(resolved.shown.lines.front().time(), 5 * kMinute);
}

TEST(GroupTimelineTest, AMatchOlderThanTMinusWChangesNothing) {
  TimelineRig rig(MoreThanThreeInTwentyMinutes(), 0);
  rig.Match(60 * kMinute);
  EXPECT_EQ(rig.Match(40 * kMinute), GroupTimeline::Arrival::kTooLate);
  EXPECT_EQ(rig.Match(40 * kMinute + 1), GroupTimeline::Arrival::kLate);
}

TEST(GroupTimelineTest, ALateMatchTakesItsPlaceAndTIsLookedAtAgain) {
  TimelineRig rig(MoreThanThreeInTwentyMinutes(), 0);
  for (const int minute : {0, 5, 10}) rig.Match(minute * kMinute);
  rig.Record(15 * kMinute);
  rig.Match(12 * kMinute);
  rig.DecideThrough(kNever - 1);
  EXPECT_THAT(rig.steps(), ElementsAre(OracleStep{15 * kMinute, AlertState::kFiring, 4},
                                       OracleStep{20 * kMinute, AlertState::kResolved, 3}));
}

TEST(GroupTimelineTest, ALateClearEndsTheAlertAtTWithoutWaiting) {
  TimelineRule rule = MoreThanThreeInTwentyMinutes();
  rule.policy.keep_firing_for = kHour;
  TimelineRig rig(rule, 0);
  for (const int minute : {0, 1, 2, 3}) rig.Match(minute * kMinute);
  rig.Record(10 * kMinute);
  EXPECT_EQ(rig.Clear(5 * kMinute), GroupTimeline::Arrival::kLate);
  rig.DecideThrough(kNever - 1);
  EXPECT_THAT(rig.steps(), ElementsAre(OracleStep{3 * kMinute, AlertState::kFiring, 4},
                                       OracleStep{10 * kMinute, AlertState::kResolved, 0}));
  EXPECT_EQ(rig.full_steps()[1].shown.value, 4);
}

TEST(GroupTimelineTest, AFiringIsCertainBeforeItIsDecided) {
  TimelineRig rig(MoreThanThreeInTwentyMinutes(), 45 * kSecond);
  for (const int minute : {0, 5, 10}) rig.Match(minute * kMinute);
  EXPECT_FALSE(rig.timeline().CertainFiring().has_value());
  rig.Match(15 * kMinute);
  EXPECT_TRUE(rig.steps().empty());
  const auto certain = rig.timeline().CertainFiring();
  ASSERT_TRUE(certain.has_value());
  EXPECT_EQ(certain->starts_at, 15 * kMinute);
}

TEST(GroupTimelineTest, OnlyTheFirstAndTheNewestFourLinesAreShown) {
  TimelineRig rig(MoreThanThreeInTwentyMinutes(), kHour);
  for (int i = 0; i < 9; ++i) rig.Match(i * kSecond);
  const TimelineView view = rig.timeline().ViewAt(8 * kSecond);
  EXPECT_EQ(view.value, 9);
  std::vector<TimeNs> times;
  for (const WindowMatch& match : view.lines) times.push_back(match.time() / kSecond);
  EXPECT_THAT(times, ElementsAre(0, 5, 6, 7, 8));
}

// One random rule and log; both implementations must tell the same story.
void CompareWithOracle(uint32_t seed) {
  std::mt19937 random(seed);
  const auto pick = [&random](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  OracleInput input;
  constexpr Comparison kOps[] = {Comparison::kEqual,   Comparison::kNotEqual,
                                 Comparison::kLess,    Comparison::kLessOrEqual,
                                 Comparison::kGreater, Comparison::kGreaterOrEqual};
  input.rule.op = kOps[pick(0, 5)];
  input.rule.threshold = pick(0, 4);
  input.rule.width = pick(1, 20);
  input.rule.policy.hold = pick(0, 2) == 0 ? pick(1, 12) : 0;
  input.rule.policy.keep_firing_for = pick(0, 2) == 0 ? pick(1, 15) : 0;
  input.rule.forget = input.rule.width + input.rule.policy.hold + pick(1, 20);
  input.rule.grouped = pick(0, 1) == 0;
  input.rule.absence = Compare(0, input.rule.op, input.rule.threshold);
  const bool impossible = input.rule.op == Comparison::kLess && input.rule.threshold == 0;
  const bool always = input.rule.op == Comparison::kGreaterOrEqual && input.rule.threshold == 0;
  if (impossible || always) return;  // refused when rules are loaded

  struct Arriving {
    TimeNs time;
    int kind;  // 0 match, 1 clear, 2 a record that neither counts nor clears
    TimeNs arrives;
  };
  const DurationNs lateness = pick(0, 2) == 0 ? 0 : pick(1, 15);
  std::vector<Arriving> arriving;
  const int records = pick(0, 30);
  const int span = pick(1, 100);
  const int clears_in_ten = pick(0, 2);
  input.rule.clears = clears_in_ten > 0;  // without, less is kept
  for (int i = 0; i < records; ++i) {
    const TimeNs time = 1000 + pick(0, span);
    const int dice = pick(0, 9);
    const int kind = dice < clears_in_ten ? 1 : (dice == 9 ? 2 : 0);
    arriving.push_back({time, kind, time + pick(0, static_cast<int>(lateness))});
    if (kind == 0) input.matches.push_back(time);
    if (kind == 1) input.clears.push_back(time);
    if (input.first_record == kNoTime || time < input.first_record) input.first_record = time;
  }
  std::shuffle(arriving.begin(), arriving.end(), random);
  std::stable_sort(arriving.begin(), arriving.end(),
                   [](const Arriving& a, const Arriving& b) { return a.arrives < b.arrives; });
  input.end = 1000 + pick(0, 150);
  for (const Arriving& record : arriving) input.end = std::max(input.end, record.time);

  TimelineRig rig(input.rule, lateness);
  if (seed % 2 == 0) rig.Hurry();
  for (const Arriving& record : arriving) {
    if (record.kind == 0) {
      rig.Match(record.time);
    } else if (record.kind == 1) {
      rig.Clear(record.time);
    } else {
      rig.Record(record.time);
    }
  }
  rig.DecideThrough(input.end);
  ASSERT_EQ(rig.steps(), OracleTimeline(input))
      << "seed " << seed << ": count " << ComparisonName(input.rule.op) << " "
      << input.rule.threshold << " in " << input.rule.width << ", for " << input.rule.policy.hold
      << ", keep " << input.rule.policy.keep_firing_for << ", forget " << input.rule.forget
      << (input.rule.grouped ? ", by" : "") << ", lateness " << lateness << "\n matches "
      << absl::StrJoin(input.matches, " ") << "\n clears " << absl::StrJoin(input.clears, " ")
      << "\n first " << input.first_record << " end " << input.end;
}

// What is certain is what deciding everything would find first, were nothing else to come.
TEST(GroupTimelineTest, WhatIsCertainIsWhatWouldBeDecided) {
  constexpr uint32_t kSeed = 37;
  std::mt19937 random(kSeed);
  int certain = 0;
  for (int round = 0; round < 3'000; ++round) {
    TimelineRule rule;
    rule.width = 1 + random() % 12;
    rule.op = random() % 2 == 0 ? Comparison::kGreater : Comparison::kGreaterOrEqual;
    rule.threshold = 1 + random() % 4;
    rule.policy.hold = random() % 3 == 0 ? random() % 5 : 0;
    GroupTimeline timeline(&rule);
    GroupTimeline all(&rule);
    TimeNs decided = kNoTime;
    for (int i = 2 + random() % 25; i > 0; --i) {
      const TimeNs t = random() % 60;
      const bool clear = random() % 12 == 0;
      for (GroupTimeline* const each : {&timeline, &all}) {
        if (clear) {
          each->AddClear(t, decided);
        } else {
          each->AddMatch(WindowMatch(t), decided);
        }
      }
      if (random() % 6 != 0) continue;
      decided = std::max<TimeNs>(decided, random() % 40);
      for (GroupTimeline* const each : {&timeline, &all}) {
        while (each->NextInstant() < decided) each->Decide();
      }
    }
    const bool fires = all.status().state == AlertState::kFiring;
    std::optional<TimelineStep> first;
    while (!fires && !first.has_value() && all.NextInstant() != kNever) {
      std::optional<TimelineStep> step = all.Decide();
      if (step.has_value() && step->state == AlertState::kFiring) first = std::move(step);
    }
    const std::optional<TimelineStep> ahead = timeline.CertainFiring();
    ASSERT_EQ(ahead.has_value(), first.has_value()) << "seed " << kSeed << ", round " << round;
    if (!first.has_value()) continue;
    ++certain;
    ASSERT_EQ(ahead->time, first->time) << "seed " << kSeed << ", round " << round;
    ASSERT_EQ(ahead->starts_at, first->starts_at) << "seed " << kSeed << ", round " << round;
    ASSERT_EQ(ahead->value, first->value) << "seed " << kSeed << ", round " << round;
    ASSERT_EQ(ahead->shown.lines.size(), first->shown.lines.size());
  }
  EXPECT_GT(certain, 500);
}

// Many matches, so that there are long stretches in which only the count changes.
TEST(GroupTimelineTest, InstantsThatAreDecidedTogetherAreThoseDecidedOneByOne) {
  constexpr uint32_t kSeed = 41;
  std::mt19937 random(kSeed);
  size_t transitions = 0;
  size_t together = 0;
  for (int round = 0; round < 2'000; ++round) {
    TimelineRule rule;
    rule.width = 1 + random() % 40;
    rule.op = random() % 2 == 0 ? Comparison::kGreater : Comparison::kGreaterOrEqual;
    rule.threshold = 1 + random() % 12;
    rule.policy.hold = random() % 4 == 0 ? random() % 5 : 0;
    rule.policy.keep_firing_for = random() % 4 == 0 ? random() % 5 : 0;
    GroupTimeline slow(&rule);
    GroupTimeline fast(&rule);
    // More of them than stand near a window's end.
    std::vector<TimeNs> times(random() % 10 == 0 ? 3'000 : 1 + random() % 300);
    const uint32_t span = 1 + random() % (2 * times.size());
    for (TimeNs& t : times) t = random() % span;
    for (const TimeNs t : times) {
      slow.AddMatch(WindowMatch(t), kNoTime);
      fast.AddMatch(WindowMatch(t), kNoTime);
    }
    for (TimeNs t = 0; t < 4 * span + 100; t += 1 + random() % (span + 10)) {
      int64_t slow_peak = 0, fast_peak = 0;
      std::vector<OracleStep> slow_steps, fast_steps;
      while (slow.NextInstant() < t) {
        const std::optional<TimelineStep> step = slow.Decide();
        slow_peak = std::max(slow_peak, slow.count());
        if (step.has_value()) slow_steps.push_back({step->time, step->state, step->value});
      }
      while (fast.NextInstant() < t) {
        if (const std::optional<GroupTimeline::Quiet> quiet = fast.DecideQuiet(t)) {
          ++together;
          fast_peak = std::max(fast_peak, quiet->peak);
          continue;
        }
        const std::optional<TimelineStep> step = fast.Decide();
        fast_peak = std::max(fast_peak, fast.count());
        if (step.has_value()) fast_steps.push_back({step->time, step->state, step->value});
      }
      ASSERT_EQ(fast_steps, slow_steps) << "seed " << kSeed << ", round " << round;
      ASSERT_EQ(fast_peak, slow_peak) << "seed " << kSeed << ", round " << round;
      ASSERT_EQ(fast.count(), slow.count()) << "seed " << kSeed << ", round " << round;
      ASSERT_EQ(fast.window().size(), slow.window().size());
      ASSERT_EQ(fast.NextInstant(), slow.NextInstant());
      transitions += slow_steps.size();
    }
  }
  EXPECT_GT(transitions, 10'000u);
  EXPECT_GT(together, 5'000u);
}

TEST(GroupTimelineTest, AgreesWithTheOracleOnRandomLogs) {
  for (uint32_t seed = 1; seed <= 60'000; ++seed) {
    CompareWithOracle(seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace tallybell
