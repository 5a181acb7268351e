// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// An evaluator that is saved and taken up again says what one says that went on: the same
// transitions with the same lines.
//
// TALLYBELL_RESTART_CASES says how many random cases are tried (2), of 2,500 records each.
#include <stdlib.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/match/group_key.h"
#include "engine/run/evaluator.h"
#include "engine/run/evaluator_state.h"
#include "engine/run/evidence_rows.h"
#include "engine/run/transition_json.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// The rows of a state file, by their keys.
struct StateRows {
  std::map<std::string, std::string> positions;
  std::map<std::string, std::string> rules;
  std::map<std::pair<std::string, std::string>, std::string> groups;

  void Write(const Delta& delta) {
    for (const PositionRow& row : delta.positions) {
      positions.erase(row.source);
      if (!row.erased) positions[row.source] = row.state;
    }
    for (const RuleRow& row : delta.rules) {
      rules.erase(row.rule);
      if (!row.erased) rules[row.rule] = row.state;
    }
    for (const GroupRow& row : delta.groups) {
      groups.erase({row.rule, row.group});
      if (!row.erased) groups[{row.rule, row.group}] = row.state;
    }
  }
  // "FILE OFFSET" of every line, as often as it is there.
  std::multiset<std::string> Lines() const {
    std::multiset<std::string> lines;
    for (const auto& [key, state] : positions) {
      const absl::StatusOr<Json> row = ParseJson(state);
      EXPECT_TRUE(row.ok()) << state;
      for (const Json& line : (*row)["lines"]) {
        lines.insert(absl::StrCat((*row)["files"][line[3].get<size_t>()].get<std::string>(), " ",
                                  line[2].get<int64_t>()));
      }
    }
    return lines;
  }
};

struct Sample {
  TimeNs time = kNoTime;
  std::string host;
  uint32_t file = 0;
  uint64_t offset = 0;
  bool clear = false;
};

class Rig {
 public:
  explicit Rig(const std::string& rules, const Evaluator::Options& options = Live())
      : options_(options) {
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText(
        "rules.yaml", absl::StrCat("groups: [{name: g, rules: ", rules, "}]"), &diagnostics);
    EXPECT_EQ(diagnostics.ToString(), "");
    Start();
  }
  static Evaluator::Options Live() {
    Evaluator::Options options;
    options.live = true;
    return options;
  }

  void Add(const Sample& sample) {
    MatchedRecord record;
    record.time = sample.time;
    record.offset = sample.offset;
    record.file = evaluator_->AddFile(absl::StrCat("log", sample.file));
    const std::string line = absl::StrCat("boom ", sample.host, " at ", sample.offset);
    for (uint32_t rule = 0; rule < rules_.rules.size(); ++rule) {
      const bool clear = sample.clear && !rules_.rules[rule].leaf().clear.empty();
      const bool grouped = !rules_.rules[rule].leaf().by.empty();
      record.matches.push_back(
          {rule, clear, 0, grouped ? GroupKey({sample.host}) : "", LentText(line)});
    }
    evaluator_->Add(record);
  }
  void DecideUpTo(TimeNs t) {
    evaluator_->Progress(0, t);
    RuleEvaluator::Output output;
    evaluator_->Decide(t, &output);
    Note(&output);
  }
  void Save() {
    Delta delta;
    EvaluatorState::SaveChanged(evaluator_.get(), &delta);
    rows_.Write(delta);
  }
  void Restart() {
    Save();
    Start();
    Delta delta;
    std::vector<PositionRow> positions = {{"a file\nof a source", "{}", false}};
    for (const auto& [key, state] : rows_.positions) positions.push_back({key, state, false});
    EvaluatorState::RestoreLines(&positions, evaluator_.get(), &metrics_, &delta);
    EXPECT_THAT(positions, SizeIs(1)) << "the others' stay";
    std::vector<RuleRow> rules;
    std::vector<GroupRow> groups;
    for (const auto& [key, state] : rows_.rules) rules.push_back({key, state, false});
    for (const auto& [key, state] : rows_.groups) {
      groups.push_back({key.first, key.second, state, false});
    }
    TakeUp(rules, groups, &delta);
    rows_.Write(delta);
  }
  // A reload that changes nothing.
  void Reload() {
    Save();
    std::vector<RuleRow> rules;
    std::vector<GroupRow> groups;
    EvaluatorState::SaveAll(evaluator_.get(), &rules, &groups);
    const std::unique_ptr<Evaluator> former = std::move(evaluator_);
    Start();
    EvaluatorState::HandOverLines(former.get(), evaluator_.get());
    Delta delta;
    TakeUp(rules, groups, &delta);
    rows_.Write(delta);
  }

  Evaluator& evaluator() { return *evaluator_; }
  StateRows& rows() { return rows_; }
  const std::vector<std::string>& told() const { return told_; }
  int64_t rejected() const { return metrics_.Total("state_rows_rejected_total"); }

 private:
  void Start() { evaluator_ = std::make_unique<Evaluator>(&rules_, options_, &metrics_); }
  void TakeUp(const std::vector<RuleRow>& rules, const std::vector<GroupRow>& groups,
              Delta* delta) {
    std::vector<AlertUpdate> updates;
    EvaluatorState::Restore(rules, groups, 0, evaluator_.get(), &metrics_, &updates, delta);
    EXPECT_THAT(updates, IsEmpty());
    EXPECT_THAT(delta->groups, IsEmpty());
    evaluator_->AddSource({Labels()}, 0);
  }
  void Note(RuleEvaluator::Output* output) {
    SortTransitions(&output->transitions);
    for (const Transition& transition : output->transitions) {
      told_.push_back(DumpJson(TransitionJson(transition)));
    }
  }

  const Evaluator::Options options_;
  RuleSet rules_;
  Metrics metrics_;
  std::unique_ptr<Evaluator> evaluator_;
  StateRows rows_;
  std::vector<std::string> told_;
};

constexpr char kRules[] = R"([
  {alert: A, match: boom, by: [host], when: count > 3 in 20s},
  {alert: B, match: boom, by: [host], when: count > 150 in 60s, for: 5s, keep_firing_for: 9s},
  {alert: C, match: boom, clear: up, by: [host], when: count > 10 in 40s, for: 3s},
  {alert: D, match: boom, by: [host], when: count < 2 in 15s, forget: 10m},
  {alert: E, match: boom, when: count > 400 in 30s}])";

// Bursts and pauses, each record up to `lateness` behind the newest.
std::vector<Sample> RandomSamples(uint32_t seed, DurationNs lateness) {
  std::mt19937 random(seed);
  std::vector<Sample> samples;
  TimeNs now = kHour;
  while (samples.size() < 2'500) {
    const DurationNs step = static_cast<DurationNs>(random() % 300 + 1) * kMillisecond;
    const DurationNs pause = static_cast<DurationNs>(random() % 90) * kSecond;
    const size_t burst = random() % 700;
    for (size_t i = 0; i < burst; ++i) {
      now += step;
      Sample sample;
      // No two records have one time: their order is known.
      sample.time = now - static_cast<DurationNs>(random() % lateness);
      sample.host = absl::StrCat("h", random() % 3);
      sample.file = random() % 3;
      sample.offset = samples.size();
      sample.clear = random() % 100 == 0;
      samples.push_back(std::move(sample));
    }
    now += pause;
  }
  return samples;
}

// `restart` says for each record what happens behind it.
std::vector<std::string> Told(const std::vector<Sample>& samples, DurationNs lateness,
                              absl::FunctionRef<void(size_t, Rig*)> then) {
  Rig rig(kRules);
  rig.evaluator().AddSource({Labels()}, 0);
  TimeNs newest = kNoTime;
  for (size_t i = 0; i < samples.size(); ++i) {
    rig.Add(samples[i]);
    newest = std::max(newest, samples[i].time);
    if (i % 7 == 0) rig.DecideUpTo(newest - lateness);
    then(i, &rig);
  }
  rig.DecideUpTo(newest + kDay);
  EXPECT_EQ(rig.rejected(), 0);
  return rig.told();
}

TEST(EvaluatorRestartTest, ARestartChangesNoTransitionAndNoLineOfOne) {
  // Odd ones come later than some windows are wide, even ones do not.
  uint32_t cases = 2;
  if (const char* const asked = getenv("TALLYBELL_RESTART_CASES"); asked != nullptr) {
    ASSERT_TRUE(absl::SimpleAtoi(asked, &cases)) << asked;
  }
  for (uint32_t seed = 1; seed <= cases; ++seed) {
    const DurationNs lateness = seed % 2 == 0 ? kSecond : 20 * kSecond;
    const std::vector<Sample> samples = RandomSamples(seed, lateness);
    const std::vector<std::string> expected = Told(samples, lateness, [](size_t, Rig*) {});
    ASSERT_GT(expected.size(), 20u) << "seed " << seed;
    std::mt19937 random(seed);
    const std::vector<std::string> found = Told(samples, lateness, [&](size_t, Rig* rig) {
      const uint32_t chance = random() % 200;
      if (chance < 10) rig->Save();
      if (chance == 10) rig->Restart();
      if (chance == 11) rig->Reload();
    });
    ASSERT_EQ(found.size(), expected.size()) << "seed " << seed;
    for (size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], expected[i]) << "seed " << seed;
  }
}

TEST(EvaluatorRestartTest, NoLineIsStoredTwiceHoweverManyGroupsItIsOfAndHoweverOftenTheyAreSaved) {
  Rig rig(
      "[{alert: A, match: boom, by: [host], when: count > 3 in 20s}, "
      "{alert: B, match: boom, when: count > 1 in 1m}]");
  rig.evaluator().AddSource({Labels()}, 0);
  for (uint64_t i = 0; i < 3'000; ++i) {
    rig.Add({kHour + static_cast<TimeNs>(i) * kMillisecond, absl::StrCat("h", i % 7), 0, i, false});
    if (i % 5 == 0) rig.Save();
    if (i % 1'000 == 999) rig.Restart();
  }
  rig.Save();
  const std::multiset<std::string> lines = rig.rows().Lines();
  EXPECT_THAT(lines, SizeIs(3'000));
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 3'000u);
  // Rows are neither many nor large.
  EXPECT_LT(rig.rows().positions.size(), 120u);
  for (const auto& [key, state] : rig.rows().positions) {
    EXPECT_LT(state.size(), 2 * EvidenceRows::kMaxRow);
  }
  for (const auto& [key, state] : rig.rows().groups) {
    EXPECT_FALSE(absl::StrContains(state, "boom")) << state;
  }
}

TEST(EvaluatorRestartTest, LinesThatNoWindowReachesBackToLeaveTheFile) {
  Rig rig("[{alert: A, match: boom, by: [host], when: count > 3 in 20s, keep_firing_for: 10s}]");
  rig.evaluator().AddSource({Labels()}, 0);
  uint64_t offset = 0;
  size_t most = 0;
  for (int minute = 0; minute < 16; ++minute) {
    const TimeNs at = kHour + minute * kMinute;
    for (int i = 0; i < 5'000; ++i) rig.Add({at + i, "h", 0, offset++, false});
    rig.DecideUpTo(at + kSecond);
    rig.Save();
    if (minute % 7 == 0) rig.Restart();
    // To count them all is slow.
    if (minute % 4 == 3) most = std::max(most, rig.rows().Lines().size());
  }
  // Some MiB of the ring, which lets go whole MiB.
  EXPECT_LT(most, 40'000u);
  EXPECT_EQ(rig.evaluator().memory().evidence.given_way(), 0) << "nobody misses them";
}

TEST(EvaluatorRestartTest, OfAFloodTheNewestLinesAreStoredAndTheOthersCounted) {
  Rig rig("[{alert: A, match: boom, by: [host], when: count > 3 in 20s}]");
  rig.evaluator().AddSource({Labels()}, 0);
  constexpr uint64_t kLines = 80'000;
  for (uint64_t i = 0; i < kLines; ++i) {
    rig.Add({kHour + static_cast<TimeNs>(i), "h", 0, i, false});
  }
  rig.Save();
  const size_t stored = rig.rows().Lines().size();
  EXPECT_EQ(stored + static_cast<size_t>(rig.evaluator().evidence_rows().unsaved()), kLines);
  EXPECT_GE(stored, EvidenceRows::kMaxSaved / 64 - 1);
  rig.Restart();
  rig.DecideUpTo(2 * kHour);
  EXPECT_EQ(rig.rejected(), 0);
  ASSERT_FALSE(rig.told().empty());
  EXPECT_TRUE(absl::StrContains(rig.told().back(), absl::StrCat("boom h at ", kLines - 1)));
}

TEST(EvaluatorRestartTest, RowsThatMakeNoSenseAreCountedAndErased) {
  const std::string good = R"({"files":["log"],"lines":[[0,7,3,0,"boom"]]})";
  for (const auto& [key, state] : std::vector<std::pair<std::string, std::string>>{
           {"lines 0000000000000001", "no JSON"},
           {"lines 0000000000000001", R"({"files":["log"],"lines":[[0,7,3,1,"boom"]]})"},
           {"lines 0000000000000001", R"({"files":["log"],"lines":[[65536,7,3,0,"boom"]]})"},
           {"lines 0000000000000001", R"({"files":["log"],"lines":[[0,7,3,0,"a"],[0,8,3,0,"b"]]})"},
           {"lines 0000000000000001", R"({"files":["log"],"lines":[]})"},
           {"lines 0000000000000001", R"({"lines":[[0,7,3,0,"boom"]]})"},
           {"lines 1", good},
           {"lines ffffffffffffffff", good},
           {"lines 000000000000ffff", R"({"files":["log"],"lines":[[0,7,3,0,"boom"]]})"},
           {"lines x", good}}) {
    EvidenceRing ring;
    EvidenceRows rows;
    Metrics metrics;
    Delta delta;
    std::vector<PositionRow> positions = {{key, state, false}};
    rows.Restore(
        &positions, [](const std::string&) { return uint32_t{0}; }, &ring, &metrics.Get("rejected"),
        &delta);
    EXPECT_EQ(metrics.Total("rejected"), 1) << key << state;
    ASSERT_THAT(delta.positions, SizeIs(1));
    EXPECT_EQ(delta.positions[0].source, key);
    EXPECT_TRUE(delta.positions[0].erased);
    // And it goes on.
    ring.Add(9, {0, 0, "next"});
    rows.SaveChanged(ring, {"log"}, &delta);
    EXPECT_GE(delta.positions.size(), 2u);
  }
}

}  // namespace
}  // namespace tallybell
