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
  TimeNs told_since = kNoTime;
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
    row.group = RowKey(group->by_values);
    row.state = DumpJson(Json{{"by", group->by_values},
                              {"labels", SaveLabels(group->labels)},
                              {"alert", Json::array({rule.rule().group, rule.rule().alert})},
                              {"told", group->told_since},
                              {"timeline", TimelineState::Save(group->timeline, evaluator.evidence_,
                                                               evaluator.file_names_)}});
  }
  rows->push_back(std::move(row));
}

void EvaluatorState::SaveChanged(Evaluator* evaluator, Delta* delta) {
  for (const auto& rule : evaluator->evaluators_) {
    std::vector<std::string> keys = rule->TakeChanged();
    if (keys.empty()) continue;
    std::sort(keys.begin(), keys.end());
    delta->rules.push_back({RuleKey(rule->rule()), RuleState(*rule)});
    for (const std::string& key : keys) SaveGroup(*evaluator, *rule, key, &delta->groups);
  }
}

void EvaluatorState::SaveAll(Evaluator* evaluator, std::vector<RuleRow>* rules,
                             std::vector<GroupRow>* groups) {
  for (const auto& rule : evaluator->evaluators_) {
    rules->push_back({RuleKey(rule->rule()), RuleState(*rule)});
    for (const auto& [key, group] : rule->groups_) SaveGroup(*evaluator, *rule, key, groups);
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
  if (!json["by"].is_array() || !json["told"].is_number_integer() || !json["alert"].is_array() ||
      json["alert"].size() != 2 || !RestoreLabels(json["labels"], &saved->labels)) {
    return false;
  }
  for (const Json& value : json["by"]) {
    if (!value.is_string()) return false;
    saved->by_values.push_back(value.get<std::string>());
  }
  if (!json["alert"][0].is_string() || !json["alert"][1].is_string()) return false;
  saved->rule_group = json["alert"][0].get<std::string>();
  saved->rule = json["alert"][1].get<std::string>();
  saved->told_since = json["told"].get<int64_t>();
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
  update.alert.starts_at = saved.told_since;
  update.alert.ends_at = std::max(at, saved.told_since);
  return update;
}

}  // namespace

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
      if (saved.told_since != kNoTime) updates->push_back(Resolve(saved, now));
      continue;  // erased with its rule
    }
    if (!RestoreGroup(rule->second, saved, now, evaluator, updates)) {
      delta->groups.push_back({row.rule, row.group, "", true});
    }
  }
}

bool EvaluatorState::RestoreGroup(const SavedRule& saved_rule, const SavedGroup& saved, TimeNs now,
                                  Evaluator* evaluator, std::vector<AlertUpdate>* updates) {
  const uint32_t index = *saved_rule.index;
  RuleEvaluator& rule = *evaluator->evaluators_[index];
  const bool same = saved_rule.watch_key == rule.rule().watch_key;
  if (!same && saved.told_since == kNoTime) return false;
  if (!Fits(saved, rule.rule())) {
    // The group has no place in the new rule: its alert cannot go on.
    if (saved.told_since != kNoTime) updates->push_back(Resolve(saved, now));
    return false;
  }
  auto group = std::make_unique<RuleGroup>(&rule.timeline_rule_);
  const auto add_file = [evaluator](const std::string& name) { return evaluator->AddFile(name); };
  const absl::Status status = same ? TimelineState::Restore(saved.timeline, &evaluator->evidence_,
                                                            add_file, &group->timeline)
                                   : TimelineState::RestoreAlert(saved.timeline, &group->timeline);
  if (!status.ok()) {
    if (saved.told_since != kNoTime) updates->push_back(Resolve(saved, now));
    return false;
  }
  if (!same) {
    TimelineState::HoldFiring(saved.told_since,
                              AddNs(std::max(now, rule.decided_), rule.timeline_rule_.width),
                              &group->timeline);
  }
  group->by_values = saved.by_values;
  group->key = GroupKey(group->by_values);
  group->labels = rule.AlertLabels(group->by_values);
  group->number = rule.next_number_++;
  group->told_since = saved.told_since;
  RuleGroup* const placed = group.get();
  if (!rule.groups_.emplace(placed->key, std::move(group)).second) return false;
  rule.Reschedule(placed);
  rule.touched_.insert(placed);
  rule.NoteActive(placed);
  evaluator->Schedule(index);
  const bool renamed = !(placed->labels == saved.labels);
  // What is as it was stored need not be stored again: a million groups would be one transaction.
  if (!same || renamed) rule.changed_.insert(placed->key);
  if (saved.told_since != kNoTime && renamed) {
    TellChange(saved, rule, *placed, now, updates);
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
  step.time = step.starts_at = group.told_since;
  step.state = AlertState::kFiring;
  step.shown = group.timeline.ViewAt(std::max(rule.decided_, group.told_since));
  return rule.MakeAlert(group, step);
}

void EvaluatorState::TellFiring(const Evaluator& evaluator, std::vector<AlertUpdate>* updates) {
  for (const auto& rule : evaluator.evaluators_) {
    for (const auto& [key, group] : rule->groups_) {
      if (group->told_since == kNoTime) continue;
      updates->push_back({AlertUpdate::Kind::kFiring, FiringAlert(*rule, *group)});
    }
  }
}

}  // namespace tallybell
