// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_TIMELINE_RULE_H_
#define TALLYBELL_ENGINE_RUN_TIMELINE_RULE_H_

#include <cstddef>
#include <cstdint>

#include "engine/alert/alert_machine.h"
#include "engine/base/time_ns.h"
#include "engine/window/evidence_ring.h"
#include "engine/window/times_ring.h"
#include "rules/rule.h"

namespace tallybell {

// What the timelines of a rule's groups need of the rule; shared by all of them.
struct TimelineRule {
  explicit TimelineRule(const Rule& rule);
  TimelineRule() = default;

  // Times kept for `value` beyond those that truth needs.
  static constexpr size_t kMaxTimes = 10'000;

  DurationNs width = 0;
  Comparison op = Comparison::kGreater;
  int64_t threshold = 0;
  AlertPolicy policy;
  DurationNs forget = 24 * kHour;
  size_t lines = 5;      // shown with an alert: the first and the newest others
  bool grouped = false;  // has `by`
  bool absence = false;  // zero satisfies the condition
  bool clears = true;    // has `clear`

  // Shared by all groups of all rules; null where nothing is bounded or ordered by place.
  const EvidenceRing* evidence = nullptr;
  TimesRing* times = nullptr;

  // Whether a later record can only add truth, so that an alert may ring early.
  bool OnlyGrows() const { return op == Comparison::kGreater || op == Comparison::kGreaterOrEqual; }

  // The least count at which a condition that only grows holds.
  int64_t Enough() const { return threshold + (op == Comparison::kGreater ? 1 : 0); }
  // The newest matches that the condition needs.
  size_t Truth() const { return static_cast<size_t>(threshold) + 1; }
  // The newest matches that are kept at all.
  size_t Keep() const;
  // Whether an alert can have lines to show: where the condition holds only while there are none,
  // it cannot.
  bool KeepsLines() const;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_TIMELINE_RULE_H_
