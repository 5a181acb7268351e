// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What the evaluator does at its limits: groups, alerts told, matches that wait, memory.
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/match/group_key.h"
#include "engine/run/evaluator.h"
#include "engine/run/evaluator_state.h"
#include "engine/run/limit_alerts.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class Rig {
 public:
  Rig(const std::string& keys, const Evaluator::Options& options, size_t sources = 1) {
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText("rules.yaml",
                               absl::StrCat("groups: [{name: g, rules: [{alert: A, ", keys, "}]}]"),
                               &diagnostics);
    EXPECT_EQ(diagnostics.ToString(), "");
    evaluator_ = std::make_unique<Evaluator>(&rules_, options, &metrics_);
    evaluator_->AddFile("log");
    for (size_t i = 0; i < sources; ++i) evaluator_->AddSource({Labels()}, 0);
  }

  void Match(TimeNs t, const std::string& group, bool clear = false) {
    MatchedRecord record;
    record.time = t;
    record.offset = offset_++;
    record.matches.push_back({0, clear, 0, GroupKey({group}), LentText("boom")});
    evaluator_->Add(record);
  }
  RuleEvaluator::Output DecideAt(TimeNs t) {
    evaluator_->Progress(0, t);
    RuleEvaluator::Output output;
    evaluator_->Decide(t, &output);
    return output;
  }
  // An evaluator that takes up what this one would save.
  void Restart(const Evaluator::Options& options) {
    std::vector<RuleRow> rule_rows;
    std::vector<GroupRow> group_rows;
    EvaluatorState::SaveAll(evaluator_.get(), &rule_rows, &group_rows);
    evaluator_ = std::make_unique<Evaluator>(&rules_, options, &metrics_);
    std::vector<AlertUpdate> updates;
    Delta delta;
    EvaluatorState::Restore(rule_rows, group_rows, 0, evaluator_.get(), &metrics_, &updates,
                            &delta);
    EXPECT_THAT(updates, IsEmpty());
    EXPECT_THAT(delta.groups, IsEmpty());
    evaluator_->AddSource({Labels()}, 0);
  }

  Evaluator& evaluator() { return *evaluator_; }
  const RuleEvaluator& rule() const { return *evaluator_->rules()[0]; }
  int64_t total(const std::string& name) const { return metrics_.Total(name); }

 private:
  RuleSet rules_;
  Metrics metrics_;
  std::unique_ptr<Evaluator> evaluator_;
  uint64_t offset_ = 0;
};

Evaluator::Options Live() {
  Evaluator::Options options;
  options.live = true;
  return options;
}

constexpr char kOneOf[] = "match: boom, by: [host], when: count > 0 in 1m";
constexpr char kFew[] = "match: boom, by: [host], when: count > 3 in 1m";

// The steps that receivers are told.
int64_t Told(const RuleEvaluator::Output& output) {
  return static_cast<int64_t>(output.certain.size()) +
         std::count_if(output.transitions.begin(), output.transitions.end(),
                       [](const Transition& transition) { return transition.told; });
}

TEST(EvaluatorLimitsTest, GroupsThatExistStayAndNewOnesAreRefusedAndCounted) {
  Evaluator::Options options = Live();
  options.max_groups = 10;
  Rig rig(kFew, options);
  for (int i = 0; i < 13; ++i) rig.Match(kSecond, absl::StrCat("host", i));
  EXPECT_EQ(rig.rule().groups(), 10u);
  EXPECT_EQ(rig.total("groups_refused_total"), 3);
  EXPECT_TRUE(rig.rule().refuses_groups());
  for (int i = 0; i < 3; ++i) rig.Match(2 * kSecond, "host0");
  EXPECT_THAT(rig.DecideAt(3 * kSecond).transitions, SizeIs(1)) << "the old ones go on counting";
}

TEST(EvaluatorLimitsTest, TheGroupsOfAllRulesTogetherAreLimitedToo) {
  Evaluator::Options options = Live();
  options.memory.max_groups = 5;
  Rig rig(kFew, options);
  for (int i = 0; i < 6; ++i) rig.Match(kSecond, absl::StrCat("host", i));
  EXPECT_EQ(rig.rule().groups(), 5u);
  EXPECT_EQ(rig.evaluator().memory().groups, 5u);
}

TEST(EvaluatorLimitsTest, AGroupWithTooFewMatchesLeavesItsPlaceWithItsNewestMatch) {
  Rig rig(kFew, Live());
  rig.Match(kSecond, "a");
  rig.Match(2 * kSecond, "a");
  rig.DecideAt(kMinute + 2 * kSecond);
  EXPECT_EQ(rig.rule().groups(), 1u);
  rig.DecideAt(kMinute + 2 * kSecond + 1);
  EXPECT_EQ(rig.rule().groups(), 0u);
  EXPECT_EQ(rig.evaluator().memory().groups, 0u);
}

TEST(EvaluatorLimitsTest, RefusingEndsOnceATenthOfThePlacesIsFree) {
  Evaluator::Options options = Live();
  options.max_groups = 10;
  Rig rig(kFew, options);
  for (int i = 0; i < 9; ++i) rig.Match((i + 1) * kSecond, absl::StrCat("host", i));
  rig.Match(9 * kSecond, "last");
  rig.Match(9 * kSecond, "one too many");
  ASSERT_TRUE(rig.rule().refuses_groups());
  rig.DecideAt(kMinute + kSecond);
  EXPECT_TRUE(rig.rule().refuses_groups());
  rig.DecideAt(kMinute + kSecond + 1);
  EXPECT_EQ(rig.rule().groups(), 9u);
  EXPECT_FALSE(rig.rule().refuses_groups());
  rig.Match(kMinute + 2 * kSecond, "fits");
  EXPECT_EQ(rig.rule().groups(), 10u);
  EXPECT_FALSE(rig.rule().refuses_groups()) << "full is not refusing";
}

TEST(EvaluatorLimitsTest, ReceiversAreToldSoManyAlertsAndTheRestOnceThereIsRoom) {
  Evaluator::Options options = Live();
  options.max_told = 10;
  Rig rig(kOneOf, options);
  for (int i = 0; i < 15; ++i) rig.Match((i + 1) * kSecond, absl::StrCat("host", i));
  RuleEvaluator::Output output = rig.DecideAt(15 * kSecond);
  EXPECT_EQ(Told(output), 10);
  EXPECT_EQ(rig.total("alerts_untold_total"), 5);
  EXPECT_EQ(rig.rule().alerts().untold(), 5u);
  EXPECT_EQ(rig.rule().CountActive().firing, 15);
  EXPECT_THAT(rig.rule().ActiveNow(100), SizeIs(15)) << "all of them are shown";

  // The first ends: a tenth of the places is free, and the oldest of the others is told.
  output = rig.DecideAt(kMinute + kSecond + 1);
  EXPECT_THAT(output.certain, SizeIs(1));
  EXPECT_EQ(output.certain[0].labels.Get("host"), "host10");
  EXPECT_EQ(output.certain[0].starts_at, 11 * kSecond);
  EXPECT_EQ(rig.rule().alerts().untold(), 4u);

  // Whatever was told of is told to end, and nothing else is.
  output = rig.DecideAt(kHour);
  for (const Transition& transition : output.transitions) {
    EXPECT_EQ(transition.state, AlertState::kResolved);
  }
  EXPECT_THAT(output.transitions, SizeIs(14));
  EXPECT_EQ(Told(output), 10);
  EXPECT_EQ(rig.rule().alerts().told(), 0u);
  EXPECT_EQ(rig.rule().alerts().untold(), 0u);
}

TEST(EvaluatorLimitsTest, WhichAlertsWereToldOutlivesARestart) {
  Evaluator::Options options = Live();
  options.max_told = 4;
  Rig rig(kOneOf, options);
  for (int i = 0; i < 9; ++i) rig.Match((i + 1) * kSecond, absl::StrCat("host", i));
  EXPECT_EQ(Told(rig.DecideAt(10 * kSecond)), 4);
  rig.Restart(options);
  EXPECT_EQ(rig.rule().alerts().told(), 4u);
  EXPECT_EQ(rig.rule().alerts().untold(), 5u);
  std::vector<AlertUpdate> updates;
  EvaluatorState::TellFiring(rig.evaluator(), &updates);
  EXPECT_THAT(updates, SizeIs(4));
  EXPECT_EQ(Told(rig.DecideAt(kHour)), 4) << "to have ended";
}

TEST(EvaluatorLimitsTest, AReplayTellsThemAll) {
  Evaluator::Options options;
  options.max_told = 3;
  Rig rig(kOneOf, options);
  for (int i = 0; i < 9; ++i) rig.Match((i + 1) * kSecond, absl::StrCat("host", i));
  for (const Transition& transition : rig.DecideAt(10 * kSecond).transitions) {
    EXPECT_TRUE(transition.told);
  }
}

std::vector<std::string> Tell(LimitAlerts* limits, const Rig& rig, TimeNs now, MetaAlerts* alerts) {
  limits->Tell(const_cast<Rig&>(rig).evaluator(), now, alerts);
  std::vector<AlertUpdate> updates;
  Delta delta;
  alerts->Tell(Labels(), now, &updates, &delta);
  std::vector<std::string> told;
  for (const AlertUpdate& update : updates) {
    told.push_back(absl::StrCat(update.kind == AlertUpdate::Kind::kResolved ? "end " : "",
                                update.alert.labels.Get("limit"), " ",
                                update.alert.labels.Get("rule"), " ", update.alert.value));
  }
  return told;
}

TEST(LimitAlertsTest, SayThatALimitIsReachedAndThatItIsNoMore) {
  Evaluator::Options options = Live();
  options.max_groups = 10;
  options.max_told = 4;
  Rig rig(kOneOf, options);
  LimitAlerts limits;
  MetaAlerts alerts({});
  EXPECT_THAT(Tell(&limits, rig, 0, &alerts), IsEmpty());
  for (int i = 0; i < 12; ++i) rig.Match((i + 1) * kSecond, absl::StrCat("host", i));
  rig.DecideAt(13 * kSecond);
  EXPECT_THAT(Tell(&limits, rig, 13 * kSecond, &alerts),
              ::testing::UnorderedElementsAre("groups A 1", "alerts A 6"));
  EXPECT_THAT(Tell(&limits, rig, 14 * kSecond, &alerts), IsEmpty());
  rig.DecideAt(kHour);
  EXPECT_THAT(Tell(&limits, rig, kHour, &alerts),
              ::testing::UnorderedElementsAre(::testing::StartsWith("end groups A"),
                                              ::testing::StartsWith("end alerts A")));
}

TEST(EvaluatorLimitsTest, WhoIsAheadWaitsWhileTooManyMatchesAreNotDecided) {
  Evaluator::Options options = Live();
  options.undecided_bytes = 100 * GroupMemory::kUndecidedBytes;
  Rig rig(kFew, options, /*sources=*/2);
  rig.evaluator().Progress(1, kSecond);
  for (int i = 0; i < 99; ++i) rig.Match(kHour + i, "a", /*clear=*/i % 10 == 0);
  rig.DecideAt(2 * kHour);
  EXPECT_FALSE(rig.evaluator().Full());
  rig.Match(kHour + 99, "b");
  EXPECT_TRUE(rig.evaluator().Full());
  EXPECT_TRUE(rig.evaluator().Ahead({0}, 2 * kHour)) << "the first source has to wait";
  EXPECT_FALSE(rig.evaluator().Ahead({0}, kSecond)) << "the other one holds the clock";
  rig.evaluator().Progress(1, 3 * kHour);
  rig.DecideAt(3 * kHour);
  EXPECT_FALSE(rig.evaluator().Full());
  EXPECT_EQ(rig.evaluator().memory().undecided, 0u);
}

// A source that holds its own clock: nobody else could bring T on.
TEST(EvaluatorLimitsTest, WhatIsTooMuchOfOneSourceIsDecidedEarlyAndTheSame) {
  Evaluator::Options options = Live();
  options.undecided_bytes = 800 * GroupMemory::kUndecidedBytes;
  Rig bounded(kFew, options), free(kFew, Live());
  std::vector<std::string> told, expected;
  const auto note = [](const RuleEvaluator::Output& output, std::vector<std::string>* steps) {
    for (const Transition& t : output.transitions) {
      steps->push_back(absl::StrCat(t.time, " ", static_cast<int>(t.state), " ", t.value, " ",
                                    t.alert.labels.Get("host")));
    }
  };
  constexpr uint32_t kSeed = 37;
  std::mt19937 random(kSeed);
  TimeNs now = kHour;
  size_t most = 0;
  for (int i = 0; i < 30'000; ++i) {
    now += random() % 500 == 0 ? 2 * kMinute : kMillisecond;
    const std::string host = absl::StrCat("h", random() % 3);
    bounded.Match(now, host);
    free.Match(now, host);
    // Its lateness is such that it never gets there.
    if (i % 10 == 0) note(bounded.DecideAt(kSecond), &told);
    most = std::max(most, bounded.evaluator().memory().undecided);
  }
  EXPECT_LE(most, 1'010u);
  EXPECT_GT(bounded.total("matches_decided_early_total"), 25'000);
  EXPECT_EQ(free.total("matches_decided_early_total"), 0);
  EXPECT_EQ(bounded.total("late_matches_total"), 0);
  note(bounded.DecideAt(2 * now), &told);
  note(free.DecideAt(2 * now), &expected);
  std::sort(told.begin(), told.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_GT(expected.size(), 100u);
  EXPECT_EQ(told, expected) << "seed " << kSeed;
}

// A million lines of one second, where stamps have no fractions.
TEST(EvaluatorLimitsTest, AFloodOfOneInstantIsBoundedToo) {
  Evaluator::Options options = Live();
  options.undecided_bytes = 800 * GroupMemory::kUndecidedBytes;
  Rig rig(kFew, options);
  constexpr int kFlood = 200'000;
  for (int i = 0; i < kFlood; ++i) {
    rig.Match(kHour, "a");
    if (i % 10 == 0) rig.DecideAt(kSecond);
  }
  const RuleGroup* const group = rig.rule().Find(GroupKey({"a"}));
  ASSERT_NE(group, nullptr);
  EXPECT_LE(group->timeline.window().size(), 2 * TimelineRule::kMaxTimes + 1'010);
  const RuleEvaluator::Output output = rig.DecideAt(kHour + kMinute + 1);
  ASSERT_FALSE(output.transitions.empty());
  EXPECT_EQ(output.transitions.back().state, AlertState::kResolved);
  EXPECT_FALSE(output.transitions.back().alert.exact) << "it was more than is kept";
}

// Whatever happens, what is said to wait is what waits.
TEST(EvaluatorLimitsTest, TheNumberOfMatchesThatWaitIsRight) {
  constexpr uint32_t kSeed = 36;
  std::mt19937 random(kSeed);
  Rig rig("match: boom, clear: up, by: [host], when: count > 1 in 1m", Live(), 2);
  TimeNs now = kHour;
  for (int step = 0; step < 3'000; ++step) {
    const TimeNs t = now + static_cast<TimeNs>(random() % 100) * kSecond;
    rig.Match(t, absl::StrCat(random() % 20), random() % 10 == 0);
    if (random() % 10 == 0) {
      now += random() % 60 * kSecond;
      rig.evaluator().Progress(1, now);
      rig.DecideAt(now);
    }
    if (random() % 500 == 0) {
      RuleEvaluator::Output output;
      rig.evaluator().rules()[0]->Forget(Labels{{"host", absl::StrCat(random() % 20)}}, now,
                                         &output);
    }
    size_t undecided = 0;
    for (int i = 0; i < 20; ++i) {
      const RuleGroup* const group = rig.rule().Find(GroupKey({absl::StrCat(i)}));
      if (group != nullptr) undecided += group->timeline.undecided();
    }
    ASSERT_EQ(rig.evaluator().memory().undecided, undecided) << "seed " << kSeed;
  }
}

// TALLYBELL_TEST_GROUPS=1000000 makes as many as all rules together may have.
// The sanitizers' allocators do not say how much is in use.
constexpr bool CountsMemory() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return false;
#endif
#endif
  return true;
}

TEST(EvaluatorLimitsTest, AGroupAndWhatTruthNeedsTakeTwoHundredBytes) {
  Evaluator::Options options;
  options.max_groups = 1'000'000;
  Rig rig("match: boom, evidence: 0, by: [host], when: count > 3 in 1h", options);
  const char* const many = std::getenv("TALLYBELL_TEST_GROUPS");
  const int groups = many == nullptr ? 100'000 : std::atoi(many);
  const auto in_use = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  const size_t before = in_use();
  // All that truth needs, and none of them fires: one match in between leaves before the last.
  for (const DurationNs at : {0 * kMinute, 50 * kMinute, 55 * kMinute, 61 * kMinute}) {
    for (int i = 0; i < groups; ++i) rig.Match(kDay + at, absl::StrCat("host-", 1'000'000 + i));
    rig.DecideAt(kDay + at + 1);
  }
  ASSERT_EQ(rig.rule().groups(), static_cast<size_t>(groups));
  const size_t each = (in_use() - before) / groups;
  RecordProperty("bytes_per_group", static_cast<int>(each));
  std::printf("%zu bytes a group\n", each);
  // Of which a dozen are the summary's, for the first 100,000 groups only.
  if (CountsMemory()) {
    EXPECT_LT(each, 216u);
  }
}

// Bursts that fire, far apart but for keep_firing_for, and between them what never fires.
TEST(EvaluatorLimitsTest, AReplayKeepsOnlyLinesThatAnAlertMayShow) {
  Evaluator::Options options;
  Rig rig("match: boom, by: [host], when: count > 3 in 20s, keep_firing_for: 5m", options);
  uint64_t most = 0;
  size_t shown = 0;
  size_t transitions = 0;
  for (int minute = 0; minute < 400; ++minute) {
    const TimeNs at = kHour + minute * kMinute;
    const bool fires = minute % 9 == 0;
    for (int i = 0; i < 500; ++i) {
      rig.Match(at + i * kMillisecond, fires && i < 4 ? "burst" : absl::StrCat("host", i % 250));
    }
    for (const Transition& transition : rig.DecideAt(at + kMinute).transitions) {
      ++transitions;
      shown += transition.alert.evidence.size();
    }
    const EvidenceRing& lines = rig.evaluator().memory().evidence;
    most = std::max(most, (lines.end() - lines.begin()) * EvidenceRing::kUnit);
  }
  EXPECT_GT(transitions, 80u);
  EXPECT_EQ(shown, 4 * transitions) << "when it fires, and when it ends";
  EXPECT_GT(rig.evaluator().memory().evidence.begin(), 0u);
  EXPECT_LE(most, 4u << 20) << "a few minutes of lines, in whole MiB";
  EXPECT_EQ(rig.total("evidence_lines_gave_way_total"), 0);
}

}  // namespace
}  // namespace tallybell
