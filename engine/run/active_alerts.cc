// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/active_alerts.h"

#include <algorithm>

namespace tallybell {

const ActiveAlerts::Active* ActiveAlerts::Find(const RuleGroup* group) const {
  const auto found = active_.find(group);
  return found == active_.end() ? nullptr : &found->second;
}

TimeNs ActiveAlerts::Since(const RuleGroup* group) const {
  const Active* const active = Find(group);
  return active == nullptr ? kNoTime : active->since;
}

bool ActiveAlerts::Fire(RuleGroup* group, TimeNs since) {
  Active& active = active_[group];
  const bool fires_already = active.since != kNoTime;
  active.since = since;
  if (fires_already) return active.told;
  active.told = told_ < max_told_;
  if (active.told) {
    ++told_;
  } else {
    untold_.emplace(group->number(), group);
  }
  return active.told;
}

void ActiveAlerts::Restore(RuleGroup* group, TimeNs since, bool told) {
  Active& active = active_[group];
  active.since = since;
  active.told = told;
  if (since == kNoTime) return;
  if (told) {
    ++told_;
  } else {
    untold_.emplace(group->number(), group);
  }
}

void ActiveAlerts::NoteCount(RuleGroup* group, int64_t count, bool begins) {
  const auto found = active_.find(group);
  if (found == active_.end()) return;
  found->second.peak = begins ? count : std::max(found->second.peak, count);
}

bool ActiveAlerts::End(RuleGroup* group) {
  const auto found = active_.find(group);
  if (found == active_.end()) return false;
  const Active active = found->second;
  active_.erase(found);
  if (active.since == kNoTime) return false;
  if (active.told) {
    --told_;
  } else {
    untold_.erase(group->number());
  }
  return active.told;
}

std::vector<RuleGroup*> ActiveAlerts::TakeUntold() {
  std::vector<RuleGroup*> groups;
  if (untold_.empty() || told_ > max_told_ - (max_told_ + 9) / 10) return groups;
  while (!untold_.empty() && told_ < max_told_) {
    RuleGroup* const group = untold_.begin()->second;
    untold_.erase(untold_.begin());
    active_[group].told = true;
    ++told_;
    groups.push_back(group);
  }
  return groups;
}

std::vector<const RuleGroup*> ActiveAlerts::ByAge() const {
  std::vector<const RuleGroup*> groups;
  groups.reserve(active_.size());
  for (const auto& [group, active] : active_) groups.push_back(group);
  std::sort(groups.begin(), groups.end(),
            [](const RuleGroup* a, const RuleGroup* b) { return a->number() < b->number(); });
  return groups;
}

}  // namespace tallybell
