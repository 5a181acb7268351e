// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_health.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/base/log.h"

namespace tallybell {
namespace {

constexpr char kAlert[] = "TallybellSourceDown";

// What follows the source's key in the key of the row that says that it was told to be down.
constexpr char kRowSuffix[] = "\ndown";

// The alert as the receivers were told it.
std::string SaveTold(const Labels& labels, TimeNs since) {
  Json pairs = Json::object();
  for (const Labels::Pair& pair : labels.pairs()) pairs[pair.first] = pair.second;
  return DumpJson(Json{{"labels", std::move(pairs)}, {"since", since}});
}

// False where `text` is not what SaveTold wrote.
bool RestoreTold(const std::string& text, Labels* labels, TimeNs* since) {
  const absl::StatusOr<Json> state = ParseJson(text);
  if (!state.ok() || !state->is_object() || !state->contains("labels") ||
      !state->contains("since") || !(*state)["labels"].is_object() ||
      !(*state)["since"].is_number_integer()) {
    return false;
  }
  for (const auto& [name, value] : (*state)["labels"].items()) {
    if (value.is_string()) labels->Set(name, value.get_ref<const std::string&>());
  }
  *since = (*state)["since"].get<int64_t>();
  return true;
}

AlertUpdate Update(AlertUpdate::Kind kind, Labels labels, TimeNs since, TimeNs ends_at) {
  AlertUpdate update;
  update.kind = kind;
  update.alert.rule_group = "tallybell";
  update.alert.rule = kAlert;
  update.alert.by_values = {std::string(labels.Get("source"))};
  update.alert.labels = std::move(labels);
  update.alert.value = 1;
  update.alert.starts_at = since;
  update.alert.ends_at = ends_at;
  return update;
}

}  // namespace

SourceHealth::SourceHealth(std::string key, DurationNs stall_after,
                           const std::vector<PositionRow>& stored)
    : key_(std::move(key)), stall_after_(stall_after) {
  for (const PositionRow& row : stored) {
    if (row.source == RowKey() && RestoreTold(row.state, &told_labels_, &told_since_)) down_ = true;
  }
  if (down_) changed_at_ = told_since_;
}

std::string SourceHealth::RowKey() const { return absl::StrCat(key_, kRowSuffix); }

Labels SourceHealth::AlertLabels(const Labels& external_labels) const {
  Labels labels = external_labels;
  labels.Set("alertname", kAlert);
  labels.Set("source", key_);
  labels.Set("severity", "warning");
  return labels;
}

void SourceHealth::NoteFault(absl::string_view why, TimeNs monotonic, TimeNs now) {
  noted_ = true;
  why_ = std::string(why);
  if (fault_since_ == kNoTime) fault_since_ = monotonic;
  if (down_ || monotonic - fault_since_ < stall_after_) return;
  down_ = true;
  changed_at_ = now;
  LogWarn("source is down", {{"source", key_}, {"why", why_}});
}

void SourceHealth::NoteWell(TimeNs now) {
  noted_ = true;
  fault_since_ = kNoTime;
  if (!down_) return;
  down_ = false;
  changed_at_ = now;
  LogInfo("source is up again", {{"source", key_}});
}

AlertUpdate SourceHealth::Firing(Labels labels) const {
  AlertUpdate update = Update(AlertUpdate::Kind::kFiring, std::move(labels), changed_at_, kNoTime);
  update.alert.annotations.emplace_back("summary",
                                        absl::StrCat("tallybell cannot read ", key_, ": ", why_));
  return update;
}

void SourceHealth::End(TimeNs at, std::vector<AlertUpdate>* updates) {
  updates->push_back(Update(AlertUpdate::Kind::kResolved, std::exchange(told_labels_, {}),
                            told_since_, std::max(at, told_since_)));
}

void SourceHealth::Tell(const Labels& external_labels, TimeNs now,
                        std::vector<AlertUpdate>* updates, Delta* delta) {
  if (!noted_) return;
  const bool told = !told_labels_.empty();
  if (!down_) {
    if (!told) return;
    End(changed_at_, updates);
    delta->positions.push_back({RowKey(), "", true});
    return;
  }
  Labels labels = AlertLabels(external_labels);
  if (told && told_labels_ == labels) return;
  if (told) End(now, updates);
  updates->push_back(Firing(labels));
  told_labels_ = std::move(labels);
  told_since_ = changed_at_;
  delta->positions.push_back({RowKey(), SaveTold(told_labels_, told_since_)});
}

void SourceHealth::EndOthers(const std::vector<PositionRow>& stored,
                             const std::vector<std::string>& configured, TimeNs now,
                             std::vector<AlertUpdate>* updates, Delta* delta) {
  for (const PositionRow& row : stored) {
    if (!absl::EndsWith(row.source, kRowSuffix)) continue;
    const std::string key = row.source.substr(0, row.source.size() - (sizeof(kRowSuffix) - 1));
    if (std::find(configured.begin(), configured.end(), key) != configured.end()) continue;
    Labels labels;
    TimeNs since = kNoTime;
    if (RestoreTold(row.state, &labels, &since)) {
      updates->push_back(
          Update(AlertUpdate::Kind::kResolved, std::move(labels), since, std::max(now, since)));
    }
    delta->positions.push_back({row.source, "", true});
  }
}

}  // namespace tallybell
