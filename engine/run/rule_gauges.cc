// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/rule_gauges.h"

#include "rules/regex.h"

namespace tallybell {

RuleGauges::RuleGauges(const RuleSet& rules, Metrics* metrics)
    : undecided_(&metrics->Get("undecided_matches")),
      times_gave_way_(&metrics->Get("window_times_gave_way_total")),
      lines_gave_way_(&metrics->Get("evidence_lines_gave_way_total")),
      lines_unsaved_(&metrics->Get("evidence_lines_unsaved_total")),
      texts_cut_(&metrics->Get("regex_texts_cut_total")) {
  for (const Rule& rule : rules.rules) {
    OfRule gauges;
    gauges.pending = &metrics->Get("alerts", {{"rule", rule.alert}, {"state", "pending"}});
    gauges.firing = &metrics->Get("alerts", {{"rule", rule.alert}, {"state", "firing"}});
    gauges.groups = &metrics->Get("groups", {{"rule", rule.alert}});
    gauges.nearest = &metrics->Get("rule_nearest", {{"rule", rule.alert}});
    metrics->Get("rule_threshold", {{"rule", rule.alert}}).Set(rule.threshold());
    rules_.push_back(gauges);
  }
}

RuleGauges::~RuleGauges() { Clear(); }

// What is gone with a reload has no alerts.
void RuleGauges::Clear() {
  for (const OfRule& rule : rules_) {
    for (Metric* const gauge : {rule.pending, rule.firing, rule.groups}) gauge->Set(0);
  }
}

void RuleGauges::Update(const Evaluator& evaluator) {
  Clear();
  const GroupMemory& memory = evaluator.memory();
  undecided_->Set(static_cast<int64_t>(memory.undecided));
  times_gave_way_->Set(memory.times.given_way());
  lines_gave_way_->Set(memory.evidence.given_way());
  texts_cut_->Set(RegexTextsCut());
  lines_unsaved_->Set(evaluator.evidence_rows().unsaved());
  for (size_t i = 0; i < rules_.size(); ++i) {
    // Rules of one name are shown together.
    const RuleEvaluator& rule = *evaluator.rules()[i];
    const RuleEvaluator::ActiveCount active = rule.CountActive();
    rules_[i].pending->Add(active.pending);
    rules_[i].firing->Add(active.firing);
    rules_[i].groups->Add(static_cast<int64_t>(rule.groups()));
    if (rule.tally().nearest.has_value()) rules_[i].nearest->Set(rule.tally().nearest->value);
  }
}

}  // namespace tallybell
