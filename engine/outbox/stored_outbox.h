// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_OUTBOX_STORED_OUTBOX_H_
#define TALLYBELL_ENGINE_OUTBOX_STORED_OUTBOX_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/base/metrics.h"
#include "engine/outbox/delivery_queue.h"
#include "engine/outbox/episode.h"
#include "engine/outbox/untold.h"
#include "engine/store/delta.h"

namespace tallybell {

// The outbox of a state file on which no tallybell runs: what an Outbox with the same rows would
// list, and the rows that it would write when something is retried, dropped or ended. Nothing is
// sent; that is left to the next run. Not thread-safe.
class StoredOutbox {
 public:
  // Rows that make no sense are left to the next run too.
  StoredOutbox(const std::vector<OutboxRow>& rows, Moment now);

  // See Outbox. Of an end that is held back, next_attempt is when it was planned.
  std::vector<Untold> ListUntold() const;
  absl::Status RetryParked(absl::string_view id, Delta* delta);
  int RetryAllParked(Delta* delta);
  absl::Status Drop(absl::string_view id, Delta* delta);

  // Ends the alert that has this fingerprint at `at`, for each receiver that was or is to be told
  // that it fires. Returns it as the last of them knows it; nothing if there is no such receiver.
  std::optional<Alert> End(absl::string_view fingerprint, TimeNs at, Delta* delta);

 private:
  struct Receiver {
    std::unique_ptr<DeliveryQueue> queue;
    std::map<std::string, Alert> firing;  // by fingerprint
  };

  const Moment now_;
  Metrics metrics_;  // of nobody's interest
  std::map<std::string, Receiver> receivers_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_OUTBOX_STORED_OUTBOX_H_
