// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_HEALTH_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_HEALTH_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"
#include "engine/outbox/outbox.h"
#include "engine/store/delta.h"

namespace tallybell {

// Whether one source can be read, and the meta-alert TallybellSourceDown that says so when it has
// not been for a while. Knows over a restart what the receivers were told.
//
// Belongs to the evaluation thread.
class SourceHealth {
 public:
  // `key`: the source's; `stored`: its rows of the last run.
  SourceHealth(std::string key, DurationNs stall_after, const std::vector<PositionRow>& stored);

  // There is something wrong with it now, or nothing. Down is what is wrong for `stall_after`.
  void NoteFault(absl::string_view why, TimeNs monotonic, TimeNs now);
  void NoteWell(TimeNs now);

  bool down() const { return down_; }
  // What is wrong with it; empty if nothing is.
  const std::string& why() const { return why_; }

  // Appends what the receivers do not know yet; where the external labels were changed, the end of
  // the old identity and the firing of the new one.
  void Tell(const Labels& external_labels, TimeNs now, std::vector<AlertUpdate>* updates,
            Delta* delta);

  // Ends the alerts of sources that are configured no more.
  static void EndOthers(const std::vector<PositionRow>& stored,
                        const std::vector<std::string>& configured, TimeNs now,
                        std::vector<AlertUpdate>* updates, Delta* delta);

 private:
  Labels AlertLabels(const Labels& external_labels) const;
  AlertUpdate Firing(Labels labels) const;
  std::string RowKey() const;
  void End(TimeNs at, std::vector<AlertUpdate>* updates);

  const std::string key_;
  const DurationNs stall_after_;
  TimeNs fault_since_ = kNoTime;  // monotonic
  bool noted_ = false;            // nothing is known before the first note
  bool down_ = false;
  TimeNs changed_at_ = kNoTime;  // wall clock
  std::string why_;

  // What the receivers know: no labels, no alert.
  Labels told_labels_;
  TimeNs told_since_ = kNoTime;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_HEALTH_H_
