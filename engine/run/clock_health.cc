// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/clock_health.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"

namespace tallybell {

ClockHealth::ClockHealth(Metrics* metrics) : behind_(metrics->Get("clock_behind_seconds")) {}

DurationNs ClockHealth::Tolerance(const Configuration& configuration) {
  DurationNs most = 0;
  for (const auto& source : configuration.files) most = std::max(most, source.max_future);
  for (const auto& source : configuration.pushes) most = std::max(most, source.max_future);
  for (const auto& source : configuration.lokis) most = std::max(most, source.max_future);
  if (configuration.standard_input.has_value()) {
    most = std::max(most, configuration.standard_input->max_future);
  }
  return AddNs(most, kMinute);
}

void ClockHealth::Tell(const Evaluator& evaluator, DurationNs tolerance, TimeNs now,
                       MetaAlerts* alerts) {
  if (looked_ != kNoTime && now >= looked_ && now - looked_ < kLookEvery) return;
  looked_ = now;
  TimeNs decided = kNoTime;
  for (const RuleClocks::Clock& clock : evaluator.clocks().clocks()) {
    decided = std::max(decided, clock.t);
  }
  // After a restart the clocks begin anew, and what was decided stays.
  for (const auto& rule : evaluator.rules()) decided = std::max(decided, rule->decided());
  const DurationNs ahead = decided == kNoTime ? 0 : SubtractNs(decided, now);
  if (ahead <= tolerance) {
    behind_.Set(0);
    if (told_) LogInfo("the clock is where it was");
    // One that fired when the last run ended fires on until somebody says so.
    if (told_ || first_) alerts->End(kName, {}, now);
    told_ = false;
    first_ = false;
    return;
  }
  behind_.Set(ahead);
  first_ = false;
  if (told_) return;
  told_ = true;
  const std::string by = FormatDuration(ahead / kSecond * kSecond);
  const std::string until = FormatRfc3339(decided);
  LogError("the clock was set back; rules see nothing new until it is where it was",
           {{"by", by}, {"until", until}});
  MetaAlert alert;
  alert.name = kName;
  alert.value = ahead / kSecond;
  alert.summary = absl::StrCat("the clock of tallybell's host was set back by ", by,
                               ": rules see nothing new until it is ", until, " again");
  alerts->Fire(alert, now);
}

}  // namespace tallybell
