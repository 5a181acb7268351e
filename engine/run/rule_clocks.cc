// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/rule_clocks.h"

#include <algorithm>

namespace tallybell {
namespace {

bool CouldSelect(const Selector& from, const std::vector<Labels>& streams) {
  return std::any_of(streams.begin(), streams.end(),
                     [&from](const Labels& stream) { return from.Matches(stream); });
}

}  // namespace

RuleClocks::RuleClocks(const RuleSet* rules) : rules_(rules) {
  Clock all;
  for (uint32_t rule = 0; rule < rules->rules.size(); ++rule) all.rules.push_back(rule);
  clock_of_.assign(rules->rules.size(), 0);
  if (!all.rules.empty()) clocks_.push_back(std::move(all));
}

uint32_t RuleClocks::AddSource(const std::vector<Labels>& streams, DurationNs lateness) {
  const auto number = static_cast<uint32_t>(sources_.size());
  sources_.push_back({kNoTime, lateness, true});
  // Each clock keeps the rules that do not select the source; those that do leave for a new one.
  const size_t before = clocks_.size();
  for (size_t i = 0; i < before; ++i) {
    const auto selected = std::stable_partition(
        clocks_[i].rules.begin(), clocks_[i].rules.end(),
        [&](uint32_t rule) { return !CouldSelect(rules_->rules[rule].leaf().from, streams); });
    if (selected == clocks_[i].rules.end()) continue;
    if (selected == clocks_[i].rules.begin()) {
      clocks_[i].sources.push_back(number);
      Recompute(&clocks_[i]);
      continue;
    }
    Clock split = clocks_[i];
    split.rules.assign(selected, clocks_[i].rules.end());
    split.sources.push_back(number);
    clocks_[i].rules.erase(selected, clocks_[i].rules.end());
    for (const uint32_t rule : split.rules) clock_of_[rule] = clocks_.size();
    Recompute(&split);
    clocks_.push_back(std::move(split));
  }
  return number;
}

void RuleClocks::Progress(uint32_t source, TimeNs complete_to) {
  if (complete_to <= sources_[source].complete_to) return;
  sources_[source].complete_to = complete_to;
  for (Clock& clock : clocks_) {
    if (!clock.held || clock.slowest != source) continue;
    if (clock.sources.size() == 1) {
      clock.t = std::max(clock.t, SubtractNs(complete_to, sources_[source].lateness));
    } else {
      Recompute(&clock);
    }
  }
}

void RuleClocks::SetLive(uint32_t source, bool live) {
  if (sources_[source].live == live) return;
  sources_[source].live = live;
  for (Clock& clock : clocks_) {
    if (std::binary_search(clock.sources.begin(), clock.sources.end(), source)) Recompute(&clock);
  }
}

bool RuleClocks::Selects(uint32_t rule, uint32_t source) const {
  const Clock& clock = clocks_[clock_of_[rule]];
  return std::binary_search(clock.sources.begin(), clock.sources.end(), source);
}

void RuleClocks::Recompute(Clock* clock) {
  clock->held = false;
  TimeNs least = kNever;
  for (const uint32_t number : clock->sources) {
    const Source& source = sources_[number];
    if (!source.live) continue;
    const TimeNs told = SubtractNs(source.complete_to, source.lateness);
    if (!clock->held || told < least) {
      least = told;
      clock->slowest = number;
    }
    clock->held = true;
  }
  if (clock->held) clock->t = std::max(clock->t, least);
}

}  // namespace tallybell
