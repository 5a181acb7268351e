// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/engine_snapshot.h"

#include <algorithm>

#include "rules/rule_query.h"

namespace tallybell {
namespace {

std::vector<std::pair<std::string, std::string>> Texts(
    const std::vector<std::pair<std::string, Template>>& templates) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [name, text] : templates) texts.emplace_back(name, text.text());
  return texts;
}

RuleView ViewRule(const RuleEvaluator& evaluator, TimeNs now) {
  const Rule& rule = evaluator.rule();
  RuleView view;
  view.group = rule.group;
  view.alert = rule.alert;
  view.file = rule.place.file;
  view.line = rule.place.line;
  view.ordinal = rule.ordinal;
  view.query = RuleQuery(rule);
  view.op = rule.op();
  view.window = rule.leaf().window;
  for (const GroupBy& by : rule.leaf().by) view.by.push_back(by.name);
  view.hold = rule.hold;
  view.keep_firing_for = rule.keep_firing_for;
  view.labels = Texts(rule.labels);
  view.annotations = Texts(rule.annotations);
  view.alerts = evaluator.ActiveNow(EngineSnapshot::kMaxAlerts);
  for (const Transition& alert : view.alerts) view.state = std::max(view.state, alert.state);
  view.active = evaluator.active();
  view.groups = evaluator.groups();
  view.matches = evaluator.tally().matches;
  view.threshold = rule.threshold();
  view.nearest = evaluator.tally().nearest;
  view.recent = evaluator.recent().Until(now);
  view.decided = evaluator.decided();
  return view;
}

}  // namespace

absl::string_view SourceStateName(SourceView::State state) {
  switch (state) {
    case SourceView::State::kLive:
      return "live";
    case SourceView::State::kBehind:
      return "behind";
    case SourceView::State::kDown:
      return "down";
  }
  return "?";
}

std::vector<RuleView> ViewRules(const Evaluator& evaluator, TimeNs now) {
  std::vector<RuleView> views;
  views.reserve(evaluator.rules().size());
  for (const auto& rule : evaluator.rules()) views.push_back(ViewRule(*rule, now));
  return views;
}

}  // namespace tallybell
