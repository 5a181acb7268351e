// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_health.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"

namespace tallybell {
namespace {

constexpr char kAlert[] = "TallybellSourceDown";

Labels OwnLabels(const std::string& key) { return {{"source", key}}; }

}  // namespace

SourceHealth::SourceHealth(std::string key, DurationNs stall_after,
                           const std::vector<PositionRow>& stored)
    : key_(std::move(key)),
      stall_after_(stall_after),
      down_(MetaAlerts(stored).Fires(kAlert, OwnLabels(key_))) {}

void SourceHealth::NoteFault(absl::string_view why, TimeNs monotonic, TimeNs now) {
  why_ = std::string(why);
  if (fault_since_ == kNoTime) fault_since_ = monotonic;
  if (down_ || monotonic - fault_since_ < stall_after_) return;
  down_ = true;
  changed_ = true;
  changed_at_ = now;
  LogWarn("source is down", {{"source", key_}, {"why", why_}});
}

void SourceHealth::NoteWell(TimeNs now) {
  fault_since_ = kNoTime;
  if (!down_) return;
  down_ = false;
  changed_ = true;
  changed_at_ = now;
  LogInfo("source is up again", {{"source", key_}});
}

void SourceHealth::Tell(MetaAlerts* alerts) {
  if (!std::exchange(changed_, false)) return;
  if (!down_) {
    alerts->End(kAlert, OwnLabels(key_), changed_at_);
    return;
  }
  MetaAlert alert;
  alert.name = kAlert;
  alert.own = OwnLabels(key_);
  alert.summary = absl::StrCat("tallybell cannot read ", key_, ": ", why_);
  alerts->Fire(alert, changed_at_);
}

void SourceHealth::EndOthers(const std::vector<std::string>& configured, TimeNs now,
                             MetaAlerts* alerts) {
  std::vector<Labels> kept;
  for (const std::string& key : configured) kept.push_back(OwnLabels(key));
  alerts->EndOthers(kAlert, kept, now);
}

}  // namespace tallybell
