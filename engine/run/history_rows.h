// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_HISTORY_ROWS_H_
#define TALLYBELL_ENGINE_RUN_HISTORY_ROWS_H_

#include <cstdint>

#include "engine/model/alert.h"
#include "engine/run/nearest_misses.h"
#include "engine/store/delta.h"
#include "rules/rule.h"

namespace tallybell {

// What a live engine records of itself (docs/history.md); what becomes of it at the receivers is
// recorded by the outbox.

// A step of an alert.
HistoryRow StepRow(const Transition& transition);

// How near a rule came on a day on which it did not fire.
HistoryRow MissRow(const Rule& rule, const NearestMisses::Miss& miss);

// That nobody was told of `alert`, which had ended when tallybell was first started: a row for its
// firing, and one for its end, each at the time of that: what is long past stays so.
void RecordHeldBack(const Alert& alert, Delta* delta);

// The least count at which the rule's condition holds, of one that a later record can only make
// true.
int64_t EnoughFor(const Rule& rule);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_HISTORY_ROWS_H_
