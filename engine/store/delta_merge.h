// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Deltas that wait together become one: what it writes is what they would write one by one.
// Pure functions.
#ifndef TALLYBELL_ENGINE_STORE_DELTA_MERGE_H_
#define TALLYBELL_ENGINE_STORE_DELTA_MERGE_H_

#include "engine/store/delta.h"

namespace tallybell {

// Puts `later` behind `*delta`. A rule erased by `later` takes its groups out of `*delta`.
void MergeDelta(Delta later, Delta* delta);

// Leaves of the positions, groups and outbox rows of each key the last one only. Rules stay: one
// that is erased and put back has lost its groups all the same.
void KeepLastRows(Delta* delta);

// Whether it has rows of the outbox and history only, as acknowledgements have.
bool IsAcknowledgement(const Delta& delta);

// Takes out of `*earlier` the outbox rows whose keys `later` has too. Then both write the same in
// either order: of a row that both had, the last one won, and that is `later`'s.
void YieldRows(const Delta& later, Delta* earlier);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_DELTA_MERGE_H_
