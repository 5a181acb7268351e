// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_HEALTH_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_HEALTH_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"
#include "engine/run/meta_alerts.h"
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

  // Has `alerts` say it, if it changed since the last call.
  void Tell(MetaAlerts* alerts);

  // Ends the alerts of sources that are none of `configured` any more.
  static void EndOthers(const std::vector<std::string>& configured, TimeNs now, MetaAlerts* alerts);

 private:
  const std::string key_;
  const DurationNs stall_after_;
  TimeNs fault_since_ = kNoTime;  // monotonic
  bool down_ = false;
  bool changed_ = false;         // since the last Tell
  TimeNs changed_at_ = kNoTime;  // wall clock
  std::string why_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_HEALTH_H_
