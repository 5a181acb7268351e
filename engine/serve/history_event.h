// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_HISTORY_EVENT_H_
#define TALLYBELL_ENGINE_SERVE_HISTORY_EVENT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/json_text.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"
#include "engine/outbox/delivery_record.h"
#include "engine/store/delta.h"

namespace tallybell {

// A row of history, read: a step of an alert, or what became of one at a receiver. A plain value.
struct HistoryEvent {
  TimeNs time = kNoTime;
  std::string kind;
  std::string rule;
  std::string fingerprint;
  Labels labels;
  TimeNs starts_at = kNoTime;
  TimeNs ends_at = kNoTime;
  // Of a step: the count, and of what: the count that would have been enough (of "nearest").
  int64_t value = 0;
  int64_t enough = 0;
  bool exact = true;
  std::optional<DeliveryRecord> delivery;  // nothing: a step
};

// Never fails: what cannot be read of a row is left out.
HistoryEvent ReadHistoryEvent(HistoryRow row);

// One object with always the same keys (docs/history.md, "Output for programs").
Json HistoryEventJson(const HistoryEvent& event);
// And back; what cannot be read is left out.
HistoryEvent HistoryEventOf(const Json& json);

// What FormatLabels wrote, read back; pairs that cannot be read are left out.
Labels ReadLabels(absl::string_view text);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_HISTORY_EVENT_H_
