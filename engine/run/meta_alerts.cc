// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/meta_alerts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"

namespace tallybell {
namespace {

constexpr absl::string_view kRowPrefix = "meta alert\n";

std::string RowKey(const MetaAlert& alert) {
  return absl::StrCat(kRowPrefix, alert.name, "\n", FormatLabels(alert.own));
}

Json SaveLabels(const Labels& labels) {
  Json pairs = Json::object();
  for (const Labels::Pair& pair : labels.pairs()) pairs[pair.first] = pair.second;
  return pairs;
}

Labels RestoreLabels(const Json& pairs) {
  Labels labels;
  for (const auto& [name, value] : pairs.items()) {
    if (value.is_string()) labels.Set(name, value.get_ref<const std::string&>());
  }
  return labels;
}

// The identity that the receivers know it by.
Labels LabelsOf(const MetaAlert& alert, const Labels& external_labels) {
  Labels labels = external_labels;
  for (const Labels::Pair& pair : alert.own.pairs()) labels.Set(pair.first, pair.second);
  labels.Set("alertname", alert.name);
  labels.Set("severity", alert.severity);
  return labels;
}

AlertUpdate Update(AlertUpdate::Kind kind, const MetaAlert& meta, const Labels& labels,
                   TimeNs since, TimeNs ends_at) {
  AlertUpdate update;
  update.kind = kind;
  update.alert.rule_group = "tallybell";
  update.alert.rule = meta.name;
  update.alert.labels = labels;
  for (const Labels::Pair& pair : meta.own.pairs()) update.alert.by_values.push_back(pair.second);
  if (!meta.summary.empty()) update.alert.annotations.emplace_back("summary", meta.summary);
  update.alert.value = meta.value;
  update.alert.starts_at = since;
  update.alert.ends_at = ends_at;
  return update;
}

}  // namespace

MetaAlerts::MetaAlerts(const std::vector<PositionRow>& stored) {
  for (const PositionRow& row : stored) {
    if (!absl::StartsWith(row.source, kRowPrefix)) continue;
    const absl::StatusOr<Json> state = ParseJson(row.state);
    if (!state.ok() || !state->is_object()) continue;
    const Json own = state->value("own", Json());
    const Json told = state->value("told", Json());
    const Json since = state->value("since", Json());
    const Json name = state->value("name", Json());
    const Json severity = state->value("severity", Json());
    const Json summary = state->value("summary", Json());
    if (!own.is_object() || !told.is_object() || !since.is_number_integer() || !name.is_string() ||
        !severity.is_string() || !summary.is_string()) {
      continue;
    }
    Entry entry;
    entry.alert = {name, RestoreLabels(own), severity, summary};
    entry.since = since;
    entry.told = RestoreLabels(told);
    entry.again = true;
    // The text of its key must be its own, or it could not be erased.
    if (entry.told.empty() || RowKey(entry.alert) != row.source) continue;
    Key key(entry.alert.name, entry.alert.own);
    entries_.emplace(std::move(key), std::move(entry));
  }
}

void MetaAlerts::Fire(const MetaAlert& alert, TimeNs at) {
  const auto [found, is_new] = entries_.try_emplace(Key(alert.name, alert.own));
  Entry& entry = found->second;
  const bool fires = !is_new && entry.ended == kNoTime;
  if (fires && entry.alert.summary == alert.summary && entry.alert.value == alert.value) return;
  entry.alert = alert;
  entry.changed = true;
  if (fires) return;
  // One whose end nobody was told of goes on.
  if (entry.told.empty()) entry.since = at;
  entry.ended = kNoTime;
}

void MetaAlerts::End(absl::string_view name, const Labels& own, TimeNs at) {
  const auto found = entries_.find(Key(std::string(name), own));
  if (found == entries_.end() || found->second.ended != kNoTime) return;
  found->second.ended = std::max(at, found->second.since);
  found->second.changed = true;
}

void MetaAlerts::EndOthers(absl::string_view name, const std::vector<Labels>& kept, TimeNs at) {
  for (const auto& [key, entry] : entries_) {
    if (key.first != name) continue;
    if (std::find(kept.begin(), kept.end(), key.second) == kept.end()) End(name, key.second, at);
  }
}

bool MetaAlerts::Fires(absl::string_view name, const Labels& own) const {
  const auto found = entries_.find(Key(std::string(name), own));
  return found != entries_.end() && found->second.ended == kNoTime;
}

std::vector<Alert> MetaAlerts::Firing() const {
  std::vector<Alert> firing;
  for (const auto& [key, entry] : entries_) {
    if (entry.ended != kNoTime) continue;
    const Labels labels = LabelsOf(entry.alert, external_labels_);
    firing.push_back(
        Update(AlertUpdate::Kind::kFiring, entry.alert, labels, entry.since, kNoTime).alert);
  }
  return firing;
}

void MetaAlerts::Tell(const Labels& external_labels, TimeNs now, std::vector<AlertUpdate>* updates,
                      Delta* delta) {
  const bool renamed = !(external_labels == external_labels_);
  external_labels_ = external_labels;
  for (auto it = entries_.begin(); it != entries_.end();) {
    const bool over = (it->second.changed || renamed) &&
                      TellOne(external_labels, now, &it->second, updates, delta);
    it = over ? entries_.erase(it) : std::next(it);
  }
}

bool MetaAlerts::TellOne(const Labels& external_labels, TimeNs now, Entry* entry,
                         std::vector<AlertUpdate>* updates, Delta* delta) {
  entry->changed = false;
  const MetaAlert& alert = entry->alert;
  const bool told = !entry->told.empty();
  if (entry->ended != kNoTime) {
    if (told) {
      updates->push_back(
          Update(AlertUpdate::Kind::kResolved, alert, entry->told, entry->since, entry->ended));
      delta->positions.push_back({RowKey(alert), "", true});
    }
    return true;
  }
  const Labels labels = LabelsOf(alert, external_labels);
  if (told && entry->told == labels) {
    const bool again = std::exchange(entry->again, false);
    updates->push_back(Update(again ? AlertUpdate::Kind::kFiring : AlertUpdate::Kind::kValue, alert,
                              labels, entry->since, kNoTime));
    return false;
  }
  if (told) {
    updates->push_back(Update(AlertUpdate::Kind::kResolved, alert, entry->told, entry->since,
                              std::max(now, entry->since)));
  }
  updates->push_back(Update(AlertUpdate::Kind::kFiring, alert, labels, entry->since, kNoTime));
  entry->told = labels;
  const Json state{{"name", alert.name},         {"own", SaveLabels(alert.own)},
                   {"severity", alert.severity}, {"summary", alert.summary},
                   {"since", entry->since},      {"told", SaveLabels(labels)}};
  delta->positions.push_back({RowKey(alert), DumpJson(state)});
  return false;
}

}  // namespace tallybell
