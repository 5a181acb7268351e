// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/engine_snapshot.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "engine/match/group_key.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

RuleSet Load(const std::string& rules) {
  Diagnostics diagnostics;
  RuleSet set =
      LoadRulesFromText("rules.yaml", "groups: [{name: g, rules: [" + rules + "]}]", &diagnostics);
  EXPECT_EQ(diagnostics.ToString(), "");
  return set;
}

TEST(EngineSnapshotTest, ShowsARuleAsItWasWrittenAndWhatItCounted) {
  const RuleSet rules = Load(
      R"({alert: A, match: boom, when: count > 1 in 20m, by: [n], for: 5m, keep_firing_for: 1m,)"
      R"( labels: {team: "{{ $labels.n }}"}, annotations: {summary: "{{ $value }}"}})");
  Metrics metrics;
  Evaluator::Options options;
  options.live = true;
  Evaluator evaluator(&rules, options, &metrics);
  evaluator.AddFile("log");
  evaluator.AddSource({Labels()}, 0);
  for (int i = 0; i < 3; ++i) {
    MatchedRecord record;
    record.time = i * kMinute;
    record.matches.push_back({0, false, 0, GroupKey({std::string("x")}), LentText("boom")});
    evaluator.Add(record);
  }
  evaluator.Progress(0, 4 * kMinute);
  RuleEvaluator::Output output;
  evaluator.Decide(4 * kMinute, &output);

  const std::vector<RuleView> views = ViewRules(evaluator, 4 * kMinute);
  ASSERT_EQ(views.size(), 1u);
  const RuleView& view = views[0];
  EXPECT_EQ(view.group, "g");
  EXPECT_EQ(view.alert, "A");
  EXPECT_EQ(view.file, "rules.yaml");
  EXPECT_EQ(view.query, "sum by (n) (count_over_time({} |= \"boom\" [20m])) > 1");
  EXPECT_EQ(view.op, Comparison::kGreater);
  EXPECT_EQ(view.window, 20 * kMinute);
  EXPECT_EQ(view.by, std::vector<std::string>{"n"});
  ASSERT_EQ(view.recent.size(), RecentMatches::kBins);
  EXPECT_EQ(view.recent.back(), 3u);
  EXPECT_EQ(view.hold, 5 * kMinute);
  EXPECT_EQ(view.labels[0].second, "{{ $labels.n }}");
  EXPECT_EQ(view.annotations[0].second, "{{ $value }}");
  EXPECT_EQ(view.state, AlertState::kPending);
  EXPECT_EQ(view.matches, 3);
  EXPECT_EQ(view.groups, 1u);
  EXPECT_EQ(view.decided, 4 * kMinute);
  ASSERT_EQ(view.alerts.size(), 1u);
  EXPECT_EQ(view.alerts[0].alert.starts_at, 1 * kMinute);
  EXPECT_EQ(view.alerts[0].alert.value, 3);
  EXPECT_EQ(view.alerts[0].alert.labels.Get("team"), "x");
  EXPECT_EQ(view.alerts[0].alert.annotations[0].second, "3");
  EXPECT_EQ(view.alerts[0].alert.evidence.size(), 3u);
}

// What is active is what the transitions and the early firings say, whatever happened.
TEST(EngineSnapshotTest, ActiveAlertsAreThoseThatWereToldAndHaveNotEnded) {
  const RuleSet rules = Load(
      "{alert: A, match: boom, clear: fine, when: count > 1 in 10m, by: [n]},"
      "{alert: B, match: boom, when: count >= 2 in 5m, by: [n], for: 3m, keep_firing_for: 4m},"
      "{alert: C, match: boom, when: count < 1 in 6m, by: [n], forget: 1h}");
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    Metrics metrics;
    Evaluator::Options options;
    options.live = true;
    Evaluator evaluator(&rules, options, &metrics);
    evaluator.AddFile("log");
    evaluator.AddSource({Labels()}, 2 * kMinute);
    std::map<std::pair<size_t, std::string>, AlertState> expected;
    TimeNs now = 0;
    for (int step = 0; step < 200; ++step) {
      now += random() % 90 * kSecond;
      const TimeNs at = std::max<TimeNs>(0, now - static_cast<int64_t>(random() % 110) * kSecond);
      MatchedRecord record;
      record.time = at;
      for (uint32_t rule = 0; rule < 3; ++rule) {
        const std::string n(1, static_cast<char>('a' + random() % 3));
        if (random() % 3 == 0) {
          record.matches.push_back(
              {rule, rule == 0 && random() % 4 == 0, 0, GroupKey({n}), LentText("boom")});
        }
      }
      evaluator.Add(record);
      evaluator.Progress(0, now);
      RuleEvaluator::Output output;
      evaluator.Decide(now, &output);
      const auto key = [](size_t rule, const Alert& alert) {
        return std::make_pair(rule, std::string(alert.labels.Get("n")));
      };
      for (const Transition& transition : output.transitions) {
        expected[key(transition.rule_index, transition.alert)] = transition.state;
      }
      for (const Alert& alert : output.withdrawn) {
        expected[key(alert.rule[0] - 'A', alert)] = AlertState::kResolved;
      }
      for (const Alert& alert : output.certain) {
        expected[key(alert.rule[0] - 'A', alert)] = AlertState::kFiring;
      }
      std::map<std::pair<size_t, std::string>, AlertState> active;
      for (const auto& [name, state] : expected) {
        if (state == AlertState::kPending || state == AlertState::kFiring) active[name] = state;
      }
      std::map<std::pair<size_t, std::string>, AlertState> shown;
      const std::vector<RuleView> views = ViewRules(evaluator, now);
      for (size_t rule = 0; rule < views.size(); ++rule) {
        EXPECT_EQ(views[rule].active, views[rule].alerts.size());
        for (const Transition& alert : views[rule].alerts) {
          shown[key(rule, alert.alert)] = alert.state;
        }
      }
      ASSERT_EQ(shown, active) << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace tallybell
