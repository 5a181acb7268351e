// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/timeline_rule.h"

#include <algorithm>

namespace tallybell {

TimelineRule::TimelineRule(const Rule& rule)
    : width(rule.leaf().window),
      op(rule.op()),
      threshold(rule.threshold()),
      policy{rule.hold, rule.keep_firing_for},
      forget(rule.forget),
      lines(static_cast<size_t>(rule.evidence_lines)),
      grouped(!rule.leaf().by.empty()),
      absence(rule.WatchesAbsence()),
      clears(!rule.leaf().clear.empty()) {}

size_t TimelineRule::Keep() const {
  // A rule that waits for silence is true only while there are few, and its value is exact then;
  // what it counts while all is well is every line there is. With a `clear`, the first match after
  // a late one is where the watch starts; with keep_firing_for, an alert ends while many count.
  const bool few = absence && op != Comparison::kNotEqual;
  if (few && !clears && policy.keep_firing_for == 0) return Truth();
  return std::max(Truth(), kMaxTimes);
}

bool TimelineRule::KeepsLines() const {
  const bool none =
      (op == Comparison::kLess && threshold <= 1) ||
      ((op == Comparison::kLessOrEqual || op == Comparison::kEqual) && threshold == 0);
  return lines > 0 && !none;
}

}  // namespace tallybell
