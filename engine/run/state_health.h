// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_STATE_HEALTH_H_
#define TALLYBELL_ENGINE_RUN_STATE_HEALTH_H_

#include "engine/base/metrics.h"
#include "engine/base/time_ns.h"
#include "engine/run/meta_alerts.h"
#include "engine/store/delta.h"
#include "engine/store/store.h"

namespace tallybell {

// What happened to the state, told as alerts about tallybell itself: TallybellStateReset, it began
// with less than was known; TallybellStateFileGone, the file was taken away under it and written
// anew. Each fires for kTellFor, or until the next start that finds all well (docs/reliability.md).
// Metrics: state_resets_total, state_rows_rejected_total.
//
// Belongs to the evaluation thread.
class StateHealth {
 public:
  static constexpr DurationNs kTellFor = kHour;

  explicit StateHealth(Metrics* metrics);

  // Takes the rows out of `*snapshot` that no source can read, counts them, and has `*delta` erase
  // them. What they said of a file is lost: it is read as one never seen before.
  void RejectUnreadable(Store::Snapshot* snapshot, Delta* delta);

  // Once everybody has taken up what is theirs of `snapshot`.
  void NoteStart(const Store::Snapshot& snapshot, TimeNs now, MetaAlerts* alerts);

  // What became of the file since, and what was told for long enough.
  void Tell(TimeNs now, MetaAlerts* alerts);

 private:
  Metrics* const metrics_;
  Metric& resets_;
  Metric& rejected_;
  Metric& written_anew_;
  int64_t anew_told_ = 0;
  TimeNs reset_until_ = kNoTime;
  TimeNs gone_until_ = kNoTime;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_STATE_HEALTH_H_
