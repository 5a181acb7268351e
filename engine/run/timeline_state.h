// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_TIMELINE_STATE_H_
#define TALLYBELL_ENGINE_RUN_TIMELINE_STATE_H_

#include "absl/status/status.h"
#include "engine/base/json_text.h"
#include "engine/run/group_timeline.h"
#include "engine/window/evidence_ring.h"

namespace tallybell {

// A timeline as the state file keeps it: everything that decides what comes next. Of the lines that
// may still be shown it has the handles; the lines themselves are EvidenceRows.
class TimelineState {
 public:
  static Json Save(const GroupTimeline& timeline, const EvidenceRing& evidence);

  // Puts `state` into `*timeline`, which is new; `evidence` is as it was when it was saved.
  // InvalidArgument, with nothing certain in `*timeline`, if `state` is not Save's.
  static absl::Status Restore(const Json& state, const EvidenceRing& evidence,
                              GroupTimeline* timeline);

  // Only where the alert stands: what is kept of a rule that was changed in what it watches.
  static absl::Status RestoreAlert(const Json& state, GroupTimeline* timeline);

  // Keeps what the receivers were told to fire since `since` firing until `until`, whether that
  // had been decided yet or not.
  static void HoldFiring(TimeNs since, TimeNs until, GroupTimeline* timeline);
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_TIMELINE_STATE_H_
