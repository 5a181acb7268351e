// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/limit_alerts.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

Labels Own(const std::string& rule, const char* limit) {
  return Labels{{"limit", limit}, {"rule", rule}};
}

}  // namespace

void LimitAlerts::TellRule(const std::string& rule, const OfRule& is, TimeNs now,
                           MetaAlerts* alerts) {
  if (is.refuses_groups) {
    MetaAlert alert;
    alert.name = kName;
    alert.own = Own(rule, "groups");
    alert.summary = absl::StrCat(
        "rule ", rule, " has as many groups as it may: it is blind to those that are new");
    alerts->Fire(alert, now);
  } else if (is.room) {
    // One that fired when the last run ended fires on until there is room.
    alerts->End(kName, Own(rule, "groups"), now);
  }
  if (is.untold > 0) {
    MetaAlert alert;
    alert.name = kName;
    alert.own = Own(rule, "alerts");
    alert.summary = absl::StrCat("of the alerts of rule ", rule, " that fire, ", is.told,
                                 " were told and ", is.untold, " were not");
    alert.value = static_cast<int64_t>(is.untold);
    alerts->Fire(alert, now);
  } else {
    alerts->End(kName, Own(rule, "alerts"), now);
  }
}

void LimitAlerts::Tell(const Evaluator& evaluator, TimeNs now, MetaAlerts* alerts) {
  const bool lately = looked_ != kNoTime && now >= looked_ && now - looked_ < kLookEvery;
  if (lately && !first_) return;
  looked_ = now;
  std::map<std::string, OfRule> is;
  bool same = !first_;
  for (const auto& rule : evaluator.rules()) {
    OfRule& of = is[rule->rule().alert];
    of.refuses_groups |= rule->refuses_groups();
    of.room &= rule->HasRoom();
    of.untold += rule->alerts().untold();
    of.told += rule->alerts().told();
  }
  for (const auto& [rule, of] : is) {
    const auto known = known_.find(rule);
    same = same && known != known_.end() && known->second.SameAlerts(of);
  }
  const bool due = numbers_told_ == kNoTime || SubtractNs(now, numbers_told_) >= kEvery;
  if (same && !due) return;
  numbers_told_ = now;
  for (const auto& [rule, of] : is) {
    const auto known = known_.find(rule);
    if (!first_ && known != known_.end() && known->second == of) continue;
    TellRule(rule, of, now, alerts);
  }
  first_ = false;
  known_ = std::move(is);
}

void LimitAlerts::Reload(const Evaluator& evaluator, TimeNs now, MetaAlerts* alerts) {
  std::vector<Labels> kept;
  for (const auto& rule : evaluator.rules()) {
    kept.push_back(Own(rule->rule().alert, "groups"));
    kept.push_back(Own(rule->rule().alert, "alerts"));
  }
  alerts->EndOthers(kName, kept, now);
  first_ = true;
  known_.clear();
}

}  // namespace tallybell
