// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_OUTBOX_DELIVERY_RECORD_H_
#define TALLYBELL_ENGINE_OUTBOX_DELIVERY_RECORD_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/model/alert.h"
#include "engine/store/delta.h"

namespace tallybell {

// What became of one state of an alert at one receiver, as history keeps it (docs/history.md,
// "Events"). A plain value.
struct DeliveryRecord {
  std::string kind;             // one of kDeliveryKinds
  std::string receiver;         // empty: it was kept from all of them
  std::string state;            // "firing" or "resolved"
  std::string answer;           // what the receiver said, or the reason
  TimeNs starts_at = kNoTime;   // of the alert, as far as this receiver is concerned
  TimeNs offered_at = kNoTime;  // the first attempt; kNoTime: there was none
  int attempts = 0;
  TimeNs until = kNoTime;  // of "held": when the hold ends
};

inline constexpr absl::string_view kDeliveryKinds[] = {
    "told", "failed", "deferred",   "parked",  "retried",
    "held", "merged", "superseded", "skipped", "dropped"};

// The row for `record` (without starts_at, which is the alert's), at `time` of the wall clock.
HistoryRow HistoryRowOf(const DeliveryRecord& record, const Alert& alert, TimeNs time);

// And back; nothing for a row that is not of such a kind or cannot be read. Rows of former versions
// lack what those did not know.
std::optional<DeliveryRecord> DeliveryRecordOf(const HistoryRow& row);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_OUTBOX_DELIVERY_RECORD_H_
