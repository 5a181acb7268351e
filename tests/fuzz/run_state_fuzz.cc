// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Lines of "RULE TEXT" as the rows of rules (a digit) and of groups (a letter) of a state file, and
// of "/ PLACE TEXT" as those of lines of evidence: what cannot be read is counted and erased; what
// can is saved as it was restored, and two evaluators that took it up decide the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/run/evaluator.h"
#include "engine/run/evaluator_state.h"
#include "rules/rule_loader.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Delta;
using tallybell::Evaluator;
using tallybell::EvaluatorState;
using tallybell::GroupRow;
using tallybell::PositionRow;
using tallybell::Require;
using tallybell::RuleRow;

constexpr tallybell::TimeNs kNow = 1'714'566'750 * tallybell::kSecond;

constexpr char kRules[] = R"(groups: [{name: g, rules: [
  {alert: A, match: boom, when: count > 2 in 20m, by: [host], for: 1m, keep_firing_for: 5m},
  {alert: B, match: beat, when: count == 0 in 10m, by: [host], forget: 1h, clear: stop},
  {alert: C, match: beat, when: count < 2 in 10m, labels: {severity: page}}]}])";

const tallybell::RuleSet& Rules() {
  static const tallybell::RuleSet* const kSet = [] {
    tallybell::Diagnostics diagnostics;
    auto* const set =
        new tallybell::RuleSet(tallybell::LoadRulesFromText("r", kRules, &diagnostics));
    Require(!diagnostics.HasErrors());
    return set;
  }();
  return *kSet;
}

struct Restored {
  Restored(std::vector<PositionRow> lines, const std::vector<RuleRow>& rules,
           const std::vector<GroupRow>& groups)
      : evaluator(&Rules(), Evaluator::Options{{}, /*live=*/true}, &metrics) {
    EvaluatorState::RestoreLines(&lines, &evaluator, &metrics, &delta);
    Require(lines.empty());
    EvaluatorState::Restore(rules, groups, kNow, &evaluator, &metrics, &updates, &delta);
    EvaluatorState::TellFiring(evaluator, &updates);
  }

  // All its rows, as text.
  std::vector<std::string> Rows() {
    std::vector<RuleRow> rules;
    std::vector<GroupRow> groups;
    EvaluatorState::SaveAll(&evaluator, &rules, &groups);
    std::vector<std::string> rows;
    for (const RuleRow& row : rules) rows.push_back(absl::StrCat(row.rule, " ", row.state));
    for (const GroupRow& row : groups) {
      rows.push_back(absl::StrCat(row.rule, " ", row.group, " ", row.state));
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  // What comes of it when time goes on and nothing else happens.
  std::vector<std::string> GoOn() {
    const uint32_t source = evaluator.AddSource({tallybell::Labels{{"job", "a"}}}, 0);
    tallybell::RuleEvaluator::Output output;
    for (const auto wait : {tallybell::kMinute, tallybell::kHour, 3 * tallybell::kDay}) {
      evaluator.Progress(source, kNow + wait);
      evaluator.Decide(kNow + wait, &output);
    }
    evaluator.Finish(kNow + 4 * tallybell::kDay, /*drain=*/true, &output);
    tallybell::SortTransitions(&output.transitions);
    std::vector<std::string> told;
    for (const tallybell::Transition& step : output.transitions) {
      told.push_back(absl::StrCat(step.time, " ", static_cast<int>(step.state), " ", step.value,
                                  " ", tallybell::FormatLabels(step.alert.labels)));
    }
    return told;
  }

  tallybell::Metrics metrics;
  Evaluator evaluator;
  std::vector<tallybell::AlertUpdate> updates;
  Delta delta;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tallybell::FuzzInput input(data, size);
  std::vector<PositionRow> lines;
  std::vector<RuleRow> rules;
  std::vector<GroupRow> groups;
  while (!input.empty() && groups.size() < 20) {
    tallybell::FuzzInput line(input.Line());
    const absl::string_view which = line.Part(' ');
    if (which.empty()) continue;
    if (which == "/") {
      uint64_t place = 0;
      if (!absl::SimpleHexAtoi(line.Part(' '), &place)) continue;
      const std::string key = absl::StrCat("lines ", absl::Hex(place, absl::kZeroPad16));
      bool known = false;
      for (const PositionRow& row : lines) known = known || row.source == key;
      if (!known) lines.push_back({key, std::string(line.rest())});
      continue;
    }
    const auto number = static_cast<size_t>(which[0] % 16);
    const std::string key =
        number < Rules().rules.size() ? RuleKey(Rules().rules[number]) : std::string(which);
    if (which[0] < 'A') {
      bool known = false;
      for (const RuleRow& row : rules) known = known || row.rule == key;
      if (!known) rules.push_back({key, std::string(line.rest())});
    } else {
      groups.push_back({key, absl::StrCat("[", groups.size(), "]"), std::string(line.rest())});
    }
  }
  {
    // Of a row that cannot be taken up whole some lines may have been; the others' are compared.
    Restored all(lines, rules, groups);
    Require(static_cast<size_t>(all.metrics.Total("state_rows_rejected_total")) <=
            lines.size() + rules.size() + groups.size());
    for (const PositionRow& row : all.delta.positions) {
      Require(row.erased);
      std::erase_if(lines, [&](const PositionRow& line) { return line.source == row.source; });
    }
  }
  Restored first(lines, rules, groups);
  Require(first.delta.positions.empty());

  std::vector<RuleRow> saved_rules;
  std::vector<GroupRow> saved_groups;
  EvaluatorState::SaveAll(&first.evaluator, &saved_rules, &saved_groups);
  Restored second(lines, saved_rules, saved_groups);
  Require(second.metrics.Total("state_rows_rejected_total") == 0);
  Require(first.Rows() == second.Rows());
  Require(first.GoOn() == second.GoOn());
  return 0;
}
