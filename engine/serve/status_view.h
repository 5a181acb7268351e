// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_STATUS_VIEW_H_
#define TALLYBELL_ENGINE_SERVE_STATUS_VIEW_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/time_ns.h"
#include "engine/outbox/receiver_standing.h"
#include "engine/run/engine_snapshot.h"
#include "engine/serve/history_event.h"

namespace tallybell {

// Everything that a status page is made of. A plain value.
struct StatusView {
  std::shared_ptr<const EngineSnapshot> snapshot;  // never null
  std::string version;
  TimeNs started_at = kNoTime;
  bool reload_failed = false;  // the last one
  // Nothing: tallybell is about to end.
  std::optional<std::vector<ReceiverStanding>> receivers;
  // Newest first. Nothing: the state file could not be read in time.
  std::optional<std::vector<HistoryEvent>> history;
  // What a link asks for: an alert's fingerprint, and its RuleId. Shown whole whatever else is.
  std::string alert;
  std::string rule;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_STATUS_VIEW_H_
