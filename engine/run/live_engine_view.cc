// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What a LiveEngine shows of itself, and what it lets others do to it.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/run/live_engine.h"

namespace tallybell {

std::shared_ptr<const EngineSnapshot> LiveEngine::Snapshot() const {
  auto snapshot = std::make_shared<EngineSnapshot>();
  snapshot->at = clock_->Now();
  snapshot->rules = ViewRules(rules_->evaluator, snapshot->at);
  snapshot->own_alerts = meta_alerts_->Firing();
  snapshot->state_lost = committer_->Lost();
  if (unready_since_ != kNoTime) snapshot->waits_for_disk = clock_->Monotonic() - unready_since_;
  for (const auto& source : sources_) snapshot->sources.push_back(source->View());
  return snapshot;
}

void LiveEngine::UpdateGauges() {
  const TimeNs now = clock_->Now();
  rules_->gauges.Update(rules_->evaluator);
  outbox_->UpdateGauges();
  for (const auto& source : sources_) {
    const SourceView view = source->View();
    for (const SourceView::State state :
         {SourceView::State::kLive, SourceView::State::kBehind, SourceView::State::kDown}) {
      metrics_
          ->Get("source_state",
                {{"source", view.key}, {"state", std::string(SourceStateName(state))}})
          .Set(view.state == state ? 1 : 0);
    }
    if (view.complete_to == kNoTime) continue;
    metrics_->Get("source_complete_to_lag_seconds", {{"source", view.key}})
        .Set(std::max<DurationNs>(SubtractNs(now, view.complete_to), 0));
  }
}

absl::Status LiveEngine::Forget(absl::string_view rule, const Labels& group) {
  RuleEvaluator::Output output;
  size_t forgotten = 0;
  bool known = false;
  for (const auto& evaluator : rules_->evaluator.rules()) {
    if (evaluator->rule().alert != rule) continue;
    known = true;
    forgotten += evaluator->Forget(group, clock_->Now(), &output);
  }
  if (!known) return absl::NotFoundError(absl::StrCat("there is no rule \"", rule, "\""));
  if (forgotten == 0) {
    return absl::NotFoundError(
        absl::StrCat("rule \"", rule, "\" has no group ", FormatLabels(group)));
  }
  std::vector<AlertUpdate> updates;
  Convert(std::move(output), &updates, &delta_);
  HoldBack(&updates);
  outbox_->Tell(std::move(updates), &delta_);
  // It is handed over with the next step.
  saved_ = kNoTime;
  return absl::OkStatus();
}

}  // namespace tallybell
