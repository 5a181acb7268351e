// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Random rules over random logs, through everything from the bytes of files to what a replay
// prints: it must be what follows from the records on paper, however the bytes are read.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/json_text.h"
#include "engine/run/replay.h"
#include "engine/run/transition_json.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"
#include "tests/engine/run/random_logs.h"
#include "tests/support/timeline_oracle.h"

namespace tallybell {
namespace {

// What a pattern finds, by hand; "" is a find without a capture.
using Finder = std::function<std::optional<std::string>(const std::string&)>;

Finder Holds(const std::string& word) {
  return [word](const std::string& text) {
    return absl::StrContains(text, word) ? std::optional<std::string>("") : std::nullopt;
  };
}

// "vm=x" and what x is.
Finder After(const std::string& key) {
  return [key](const std::string& text) -> std::optional<std::string> {
    const size_t at = text.find(key);
    if (at == std::string::npos || at + key.size() >= text.size()) return std::nullopt;
    const char c = text[at + key.size()];
    if (c < 'a' || c > 'c') return std::nullopt;
    return std::string(1, c);
  };
}

// b, any number of a, ng
std::optional<std::string> FindBang(const std::string& text) {
  for (size_t i = 0; i < text.size(); ++i) {
    size_t j = i + 1;
    while (text[i] == 'b' && j < text.size() && text[j] == 'a') ++j;
    if (text[i] == 'b' && absl::StartsWith(absl::string_view(text).substr(j), "ng")) return "";
  }
  return std::nullopt;
}

// A rule as its file has it, and what it means.
struct RandomRule {
  std::string yaml;
  OracleInput timeline;
  std::vector<Finder> match;  // empty: every record
  std::vector<Finder> clear;
  bool exclude_dry = false;
  char least_severity = ' ';
  std::string file;  // where file == ...
  std::string by;    // "", "vm", "file" or "job"

  std::string Group(const TrueRecord& record, const std::optional<std::string>& capture) const {
    if (by == "vm") return capture.value_or("");
    if (by == "file") return record.file;
    return by.empty() ? "" : "agent";
  }
};

int Rank(char severity) { return static_cast<int>(std::string(" IWEF").find(severity)); }

std::optional<std::string> FindFirst(const std::vector<Finder>& finders, const std::string& text) {
  for (const Finder& finder : finders) {
    if (auto found = finder(text)) return found;
  }
  return std::nullopt;
}

RandomRule MakeRule(Dice* dice, int number) {
  struct Pattern {
    std::string yaml;
    Finder finder;
  };
  const std::vector<Pattern> patterns = {
      {"boom", Holds("boom")},
      {"/ba*ng/", FindBang},
      {"'/vm=(?P<vm>[a-c])/'", After("vm=")},
      {"\"b \\uFFFD\"", Holds("b \xEF\xBF\xBD")},
      {"/(?i)so it|GOES/", [](const std::string& text) {
         const bool found = absl::StrContains(text, "so it") || absl::StrContains(text, "goes");
         return found ? std::optional<std::string>("") : std::nullopt;
       }}};
  RandomRule rule;
  TimelineRule& timing = rule.timeline.rule;
  std::string& yaml = rule.yaml;
  absl::StrAppend(&yaml, "      - alert: R", number, "\n");
  if (!dice->OneIn(6)) {
    std::vector<std::string> texts;
    for (int i = dice->Pick(1, 2); i > 0; --i) {
      const Pattern& pattern = dice->Of(patterns);
      texts.push_back(pattern.yaml);
      rule.match.push_back(pattern.finder);
    }
    absl::StrAppend(&yaml, "        match: [", absl::StrJoin(texts, ", "), "]\n");
  }
  if (dice->OneIn(3)) {
    const bool capture = dice->OneIn(2);
    absl::StrAppend(&yaml, "        clear: ", capture ? "'/up=(?P<vm>[a-c])/'" : "clear", "\n");
    rule.clear.push_back(capture ? After("up=") : Holds("clear"));
  }
  if (dice->OneIn(4)) {
    rule.exclude_dry = true;
    absl::StrAppend(&yaml, "        exclude: dry\n");
  }
  if (dice->OneIn(4)) {
    rule.least_severity = 'E';
    absl::StrAppend(&yaml, "        where: severity >= error\n");
  } else if (dice->OneIn(4)) {
    rule.file = "a.go";
    absl::StrAppend(&yaml, "        where: file == \"a.go\"\n");
  }
  constexpr Comparison kOps[] = {Comparison::kEqual,   Comparison::kNotEqual,
                                 Comparison::kLess,    Comparison::kLessOrEqual,
                                 Comparison::kGreater, Comparison::kGreaterOrEqual};
  timing.op = kOps[dice->OneIn(2) ? 4 : dice->Pick(0, 5)];
  timing.threshold = dice->Pick(0, 3);
  timing.width = dice->Pick(1, 30) * kSecond;
  timing.absence = Compare(0, timing.op, timing.threshold);
  absl::StrAppend(&yaml, "        when: count ", ComparisonName(timing.op), " ", timing.threshold,
                  " in ", FormatDuration(timing.width), "\n");
  if (dice->OneIn(3)) timing.policy.hold = dice->Pick(1, 12) * kSecond;
  if (dice->OneIn(3)) timing.policy.keep_firing_for = dice->Pick(1, 15) * kSecond;
  timing.forget = timing.width + timing.policy.hold + dice->Pick(1, 20) * kSecond;
  absl::StrAppend(&yaml, "        for: ", FormatDuration(timing.policy.hold),
                  "\n        keep_firing_for: ", FormatDuration(timing.policy.keep_firing_for),
                  "\n");
  rule.by = dice->Of<std::string>({"", "vm", "file", "job"});
  timing.grouped = !rule.by.empty();
  if (timing.grouped) absl::StrAppend(&yaml, "        by: ", rule.by, "\n");
  if (timing.grouped && timing.absence) {
    absl::StrAppend(&yaml, "        forget: ", FormatDuration(timing.forget), "\n");
  }
  return rule;
}

using Step = std::tuple<TimeNs, size_t, Labels, std::string, int64_t>;

std::string Print(const std::vector<Step>& steps) {
  std::string text;
  for (const auto& [time, rule, labels, state, value] : steps) {
    absl::StrAppend(&text, FormatRfc3339(time), " ", FormatLabels(labels), " ", state, " ", value,
                    "\n");
  }
  return text;
}

// What follows on paper.
std::vector<Step> Expected(const RandomLog& log, std::vector<RandomRule> rules, size_t mark_every) {
  TimeNs end = kNoTime;
  TimeNs first = kNever;
  for (const RandomFile& file : log.files) {
    first = std::min(first, file.stated[0].second);
    for (const TimeNs mark : file.Marks(mark_every)) end = std::max(end, mark);
  }
  std::vector<std::map<std::string, OracleInput>> groups(rules.size());
  for (size_t i = 0; i < rules.size(); ++i) {
    RandomRule& rule = rules[i];
    rule.timeline.first_record = first;
    if (!rule.timeline.rule.grouped) groups[i].emplace("", rule.timeline);
    for (const RandomFile& file : log.files) {
      for (const TrueRecord& record : file.records) {
        const auto cleared = FindFirst(rule.clear, record.text);
        auto matched = rule.match.empty() ? std::optional<std::string>("")
                                          : FindFirst(rule.match, record.text);
        if (rule.exclude_dry && absl::StrContains(record.text, "dry")) matched.reset();
        if (Rank(record.severity) < Rank(rule.least_severity)) matched.reset();
        if (!rule.file.empty() && record.file != rule.file) matched.reset();
        if (!cleared && !matched) continue;
        auto capture = cleared && !cleared->empty() ? cleared : matched;
        OracleInput& input =
            groups[i].emplace(rule.Group(record, capture), rule.timeline).first->second;
        (cleared ? input.clears : input.matches).push_back(record.time);
        end = std::max(end, record.time);
      }
    }
  }
  std::vector<Step> steps;
  for (size_t i = 0; i < rules.size(); ++i) {
    for (auto& [group, input] : groups[i]) {
      input.end = end;
      Labels labels{{"alertname", absl::StrCat("R", i)}};
      if (!rules[i].by.empty()) labels.Set(rules[i].by, group);
      for (const OracleStep& step : OracleTimeline(input)) {
        steps.emplace_back(step.time, i, labels, std::string(AlertStateName(step.state)),
                           step.value);
      }
    }
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

class ReplayRandomTest : public ::testing::Test {
 protected:
  ReplayRandomTest()
      : directory_(std::filesystem::temp_directory_path() /
                   absl::StrCat("tallybell-replay-", getpid())) {
    std::filesystem::create_directories(directory_);
  }
  ~ReplayRandomTest() override { std::filesystem::remove_all(directory_); }

  void WriteFiles(const RandomLog& log) {
    paths_.clear();
    for (const RandomFile& file : log.files) {
      paths_.push_back((directory_ / absl::StrCat("log", paths_.size())).string());
      std::ofstream(paths_.back(), std::ios::binary) << file.bytes;
    }
  }

  // What `replay --output jsonl` prints.
  std::string Run(const RuleSet& rules, const Replay::Options& options, std::vector<Step>* steps) {
    Metrics metrics;
    const Redactor redactor;
    Replay replay(&rules, &redactor, options, &metrics);
    std::string printed;
    const auto tell = [&](const Transition& transition) {
      absl::StrAppend(&printed, DumpJson(TransitionJson(transition)), "\n");
      steps->emplace_back(transition.time, transition.rule_index, transition.alert.labels,
                          std::string(AlertStateName(transition.state)), transition.value);
    };
    EXPECT_TRUE(replay.Run(paths_, tell, [](uint64_t, uint64_t) {}).ok());
    EXPECT_EQ(replay.Summary().late_matches, 0);
    EXPECT_EQ(replay.Summary().clamped_times, 0);
    return printed;
  }

  void CompareOne(uint32_t seed) {
    Dice dice(seed);
    const RandomLog log = MakeRandomLog(&dice);
    std::vector<RandomRule> made;
    std::string yaml = "groups:\n  - name: g\n    rules:\n";
    for (int i = dice.Pick(1, 3); i > 0;) {
      RandomRule rule = MakeRule(&dice, static_cast<int>(made.size()));
      Diagnostics unused;
      LoadRulesFromText("r", "groups:\n  - name: g\n    rules:\n" + rule.yaml, &unused);
      if (unused.HasErrors()) continue;  // always or never true
      yaml += rule.yaml;
      made.push_back(std::move(rule));
      --i;
    }
    Diagnostics diagnostics;
    const RuleSet rules = LoadRulesFromText("r", yaml, &diagnostics);
    ASSERT_FALSE(diagnostics.HasErrors()) << diagnostics.ToString();
    WriteFiles(log);

    Replay::Options options;
    options.labels = {{"job", "agent"}};
    options.first_year = 2024;
    options.lateness = log.lateness;
    options.mark_every = dice.Of<size_t>({1, 100, 400, 64 << 10});
    std::vector<Step> steps;
    const std::string printed = Run(rules, options, &steps);
    const std::vector<Step> expected = Expected(log, made, options.mark_every);
    std::string bytes;
    for (const RandomFile& file : log.files) absl::StrAppend(&bytes, "----\n", file.bytes);
    ASSERT_EQ(Print(steps), Print(expected)) << "seed " << seed << "\n" << yaml << bytes;
    ASSERT_TRUE(std::is_sorted(steps.begin(), steps.end())) << "seed " << seed;

    Replay::Options other = options;
    other.block = dice.Of<size_t>({1, 3, 50, 300, 5000});
    std::vector<Step> unused;
    ASSERT_EQ(Run(rules, other, &unused), printed)
        << "seed " << seed << ", read " << other.block << " bytes at a time\n"
        << yaml << bytes;
    other.scan = CandidateRules::Scan::kOff;
    ASSERT_EQ(Run(rules, other, &unused), printed) << "seed " << seed << ", without the scan\n"
                                                   << yaml << bytes;
  }

  const std::filesystem::path directory_;
  std::vector<std::string> paths_;
};

TEST_F(ReplayRandomTest, TellsWhatFollowsFromTheRecordsHoweverTheyAreRead) {
  for (uint32_t seed = 1; seed <= 2000; ++seed) {
    CompareOne(seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace tallybell
