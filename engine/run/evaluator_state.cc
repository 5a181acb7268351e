// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/evaluator_state.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/match/group_key.h"
#include "engine/run/timeline_state.h"

namespace tallybell {

struct EvaluatorState::SavedRule {
  std::string key;
  TimeNs decided = kNoTime;
  std::string watch_key;
  std::optional<uint32_t> index;  // of the rule that stands for it now
};

struct EvaluatorState::SavedGroup {
  std::vector<std::string> by_values;
  Labels labels;
  std::string rule_group;
  std::string rule;
  TimeNs fires_since = kNoTime;
  bool told = false;  // the receivers know that it fires
  int64_t peak = 0;
  Json timeline;
};

namespace {

Json SaveLabels(const Labels& labels) {
  Json pairs = Json::object();
  for (const Labels::Pair& pair : labels.pairs()) pairs[pair.first] = pair.second;
  return pairs;
}

bool RestoreLabels(const Json& state, Labels* labels) {
  if (!state.is_object()) return false;
  for (const auto& [name, value] : state.items()) {
    if (!value.is_string()) return false;
    labels->Set(name, value.get_ref<const std::string&>());
  }
  return true;
}

// `by` values as the row's key: any text, and never two keys for one group.
std::string RowKey(const std::vector<std::string>& by_values) { return DumpJson(Json(by_values)); }

}  // namespace

std::string RuleKey(const Rule& rule) {
  return DumpJson(Json::array({rule.group, rule.alert, rule.ordinal}));
}

std::string EvaluatorState::RuleState(const RuleEvaluator& rule) {
  return DumpJson(Json{{"decided", rule.decided_}, {"watch", rule.rule().watch_key}});
}

void EvaluatorState::SaveGroup(const Evaluator& evaluator, const RuleEvaluator& rule,
                               const std::string& key, std::vector<GroupRow>* rows) {
  const RuleGroup* const group = rule.Find(key);
  GroupRow row;
  row.rule = RuleKey(rule.rule());
  if (group == nullptr) {
    row.group = RowKey(GroupKeyValues(key));
    row.erased = true;
  } else {
    const std::vector<std::string> by_values = GroupKeyValues(key);
    row.group = RowKey(by_values);
    // Who looks at the file alone must know what it is of, and the identity that the receivers
    // know must outlive the rule.
    Json state = {{"by", by_values},
                  {"labels", SaveLabels(rule.AlertLabels(by_values))},
                  {"alert", Json::array({rule.rule().group, rule.rule().alert})},
                  {"told", rule.active_.Since(group)},
                  {"timeline", TimelineState::Save(group->timeline, evaluator.memory_.evidence)}};
    if (const ActiveAlerts::Active* const active = rule.active_.Find(group);
        active != nullptr && active->since != kNoTime) {
      state["peak"] = active->peak;
      if (!active->told) state["untold"] = true;
    }
    row.state = DumpJson(state);
  }
  rows->push_back(std::move(row));
}

void EvaluatorState::SaveChanged(Evaluator* evaluator, Delta* delta) {
  evaluator->ForgetLines();
  evaluator->evidence_rows_.SaveChanged(evaluator->memory_.evidence, evaluator->file_names_, delta);
  for (const auto& rule : evaluator->evaluators_) {
    const std::vector<std::string> keys = rule->TakeChanged();
    if (keys.empty()) continue;
    delta->rules.push_back({RuleKey(rule->rule()), RuleState(*rule)});
    for (const std::string& key : keys) SaveGroup(*evaluator, *rule, key, &delta->groups);
  }
}

void EvaluatorState::SaveAll(Evaluator* evaluator, std::vector<RuleRow>* rules,
                             std::vector<GroupRow>* groups) {
  for (const auto& rule : evaluator->evaluators_) {
    rules->push_back({RuleKey(rule->rule()), RuleState(*rule)});
    for (const RuleGroupPtr& group : rule->groups_) {
      SaveGroup(*evaluator, *rule, std::string(group->key()), groups);
    }
  }
}

namespace {

// The parts of a group's row, or false if they are not what SaveGroup wrote.
template <typename SavedGroup>
bool ReadGroup(const GroupRow& row, SavedGroup* saved) {
  absl::StatusOr<Json> state = ParseJson(row.state);
  if (!state.ok() || !state->is_object()) return false;
  const Json& json = *state;
  for (const char* key : {"by", "labels", "alert", "told", "timeline"}) {
    if (!json.contains(key)) return false;
  }
  const Json untold = json.value("untold", Json(false));
  const Json peak = json.value("peak", Json(0));
  const Json& alert = json["alert"];
  if (!json["by"].is_array() || !json["told"].is_number_integer() || !alert.is_array() ||
      alert.size() != 2 || !alert[0].is_string() || !alert[1].is_string() || !untold.is_boolean() ||
      !peak.is_number_integer() || !RestoreLabels(json["labels"], &saved->labels)) {
    return false;
  }
  for (const Json& value : json["by"]) {
    if (!value.is_string()) return false;
    saved->by_values.push_back(value.get<std::string>());
  }
  saved->rule_group = alert[0].get<std::string>();
  saved->rule = alert[1].get<std::string>();
  saved->fires_since = json["told"].get<int64_t>();
  saved->told = saved->fires_since != kNoTime && !untold.get<bool>();
  saved->peak = peak.get<int64_t>();
  saved->timeline = json["timeline"];
  return true;
}

// Whether the group's values are those of the names that the rule counts by now.
template <typename SavedGroup>
bool Fits(const SavedGroup& saved, const Rule& rule) {
  const std::vector<GroupBy>& by = rule.leaf().by;
  if (saved.by_values.size() != by.size()) return false;
  for (size_t i = 0; i < by.size(); ++i) {
    if (saved.labels.Get(by[i].name) != saved.by_values[i]) return false;
  }
  return true;
}

template <typename SavedGroup>
AlertUpdate Resolve(const SavedGroup& saved, TimeNs at) {
  AlertUpdate update;
  update.kind = AlertUpdate::Kind::kResolved;
  update.alert.rule_group = saved.rule_group;
  update.alert.rule = saved.rule;
  update.alert.labels = saved.labels;
  update.alert.by_values = saved.by_values;
  update.alert.starts_at = saved.fires_since;
  update.alert.ends_at = std::max(at, saved.fires_since);
  return update;
}

}  // namespace

void EvaluatorState::RestoreLines(std::vector<PositionRow>* positions, Evaluator* evaluator,
                                  Metrics* metrics, Delta* delta) {
  const auto add_file = [evaluator](const std::string& name) { return evaluator->AddFile(name); };
  evaluator->evidence_rows_.Restore(positions, add_file, &evaluator->memory_.evidence,
                                    &metrics->Get("state_rows_rejected_total"), delta);
}

void EvaluatorState::HandOverLines(Evaluator* former, Evaluator* evaluator) {
  evaluator->memory_.evidence = std::move(former->memory_.evidence);
  evaluator->evidence_rows_ = std::move(former->evidence_rows_);
  evaluator->file_names_ = std::move(former->file_names_);
  evaluator->file_numbers_ = std::move(former->file_numbers_);
}

void EvaluatorState::Restore(const std::vector<RuleRow>& rules, const std::vector<GroupRow>& groups,
                             TimeNs now, Evaluator* evaluator, Metrics* metrics,
                             std::vector<AlertUpdate>* updates, Delta* delta) {
  Metric& rejected = metrics->Get("state_rows_rejected_total");
  std::map<std::string, uint32_t> index_of;
  for (uint32_t i = 0; i < evaluator->evaluators_.size(); ++i) {
    index_of.emplace(RuleKey(evaluator->evaluators_[i]->rule()), i);
  }
  std::map<std::string, SavedRule> saved_rules;
  for (const RuleRow& row : rules) {
    SavedRule saved;
    saved.key = row.rule;
    const absl::StatusOr<Json> state = ParseJson(row.state);
    if (!state.ok() || !state->is_object() || !state->contains("decided") ||
        !(*state)["decided"].is_number_integer() || !state->contains("watch") ||
        !(*state)["watch"].is_string()) {
      rejected.Add();
      delta->rules.push_back({row.rule, "", true});
      continue;
    }
    saved.decided = (*state)["decided"].get<int64_t>();
    saved.watch_key = (*state)["watch"].get<std::string>();
    const auto found = index_of.find(row.rule);
    if (found != index_of.end()) {
      saved.index = found->second;
      RuleEvaluator& rule = *evaluator->evaluators_[found->second];
      rule.decided_ = std::max(rule.decided_, saved.decided);
    } else {
      delta->rules.push_back({row.rule, "", true});
    }
    saved_rules.emplace(row.rule, std::move(saved));
  }

  for (const GroupRow& row : groups) {
    SavedGroup saved;
    const auto rule = saved_rules.find(row.rule);
    if (rule == saved_rules.end() || !ReadGroup(row, &saved)) {
      rejected.Add();
      delta->groups.push_back({row.rule, row.group, "", true});
      continue;
    }
    if (!rule->second.index.has_value()) {
      if (saved.told) updates->push_back(Resolve(saved, now));
      continue;  // erased with its rule
    }
    if (!RestoreGroup(rule->second, saved, now, evaluator, updates, &rejected)) {
      delta->groups.push_back({row.rule, row.group, "", true});
    }
  }
}

bool EvaluatorState::RestoreGroup(const SavedRule& saved_rule, const SavedGroup& saved, TimeNs now,
                                  Evaluator* evaluator, std::vector<AlertUpdate>* updates,
                                  Metric* rejected) {
  const uint32_t index = *saved_rule.index;
  RuleEvaluator& rule = *evaluator->evaluators_[index];
  const bool same = saved_rule.watch_key == rule.rule().watch_key;
  if (!same && saved.fires_since == kNoTime) return false;
  const auto give_up = [&] {
    if (saved.told) updates->push_back(Resolve(saved, now));
    return false;
  };
  // Where the group has no place in the new rule its alert cannot go on.
  if (!same && !Fits(saved, rule.rule())) return give_up();
  RuleGroupPtr group =
      RuleGroup::Make(&rule.timeline_rule_, GroupKey(saved.by_values), rule.next_number_++);
  const absl::Status status =
      same ? TimelineState::Restore(saved.timeline, evaluator->memory_.evidence, &group->timeline)
           : TimelineState::RestoreAlert(saved.timeline, &group->timeline);
  if (!status.ok()) {
    rejected->Add();
    return give_up();
  }
  if (!same) {
    TimelineState::HoldFiring(saved.fires_since,
                              AddNs(std::max(now, rule.decided_), rule.timeline_rule_.width),
                              &group->timeline);
  }
  const auto [placed, is_new] = rule.groups_.insert(std::move(group));
  if (!is_new) return false;
  rule.TakeUp(placed->get(), saved.fires_since, saved.told, saved.peak);
  evaluator->Schedule(index);
  const bool renamed = !(rule.AlertLabels(saved.by_values) == saved.labels);
  // What is as it was stored need not be stored again: a million groups would be one transaction.
  if (!same || renamed) rule.changed_.insert(placed->get());
  if (saved.told && renamed) {
    TellChange(saved, rule, **placed, now, updates);
  }
  return true;
}

// The old identity ends and the new one fires, once each.
void EvaluatorState::TellChange(const SavedGroup& saved, const RuleEvaluator& rule,
                                const RuleGroup& group, TimeNs now,
                                std::vector<AlertUpdate>* updates) {
  updates->push_back(Resolve(saved, now));
  updates->push_back({AlertUpdate::Kind::kFiring, FiringAlert(rule, group)});
}

Alert EvaluatorState::FiringAlert(const RuleEvaluator& rule, const RuleGroup& group) {
  TimelineStep step;
  step.time = step.starts_at = rule.active_.Since(&group);
  step.state = AlertState::kFiring;
  step.shown = group.timeline.ViewAt(std::max(rule.decided_, step.time));
  return rule.MakeAlert(group, step);
}

void EvaluatorState::TellFiring(const Evaluator& evaluator, std::vector<AlertUpdate>* updates) {
  for (const auto& rule : evaluator.evaluators_) {
    for (const RuleGroup* const group : rule->active_.ByAge()) {
      const ActiveAlerts::Active& active = *rule->active_.Find(group);
      if (active.since == kNoTime || !active.told) continue;
      updates->push_back({AlertUpdate::Kind::kFiring, FiringAlert(*rule, *group)});
    }
  }
}

}  // namespace tallybell
