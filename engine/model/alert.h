// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MODEL_ALERT_H_
#define TALLYBELL_ENGINE_MODEL_ALERT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"

namespace tallybell {

enum class AlertState { kInactive, kPending, kFiring, kResolved };

// "inactive", "pending", "firing", "resolved".
absl::string_view AlertStateName(AlertState state);

// A line that is shown with an alert.
struct EvidenceLine {
  std::string source;   // as the source is named: a path
  uint64_t offset = 0;  // bytes from the source's (decompressed) beginning to the line
  std::string line;     // valid UTF-8, cut around the match, redacted

  friend bool operator==(const EvidenceLine& a, const EvidenceLine& b) {
    return a.source == b.source && a.offset == b.offset && a.line == b.line;
  }
};

// An alert as a receiver is told of it: one rule and group, from its firing to its end.
// A plain value.
struct Alert {
  std::string rule_group;
  std::string rule;  // the alert's name
  Labels labels;     // the whole identity, alertname and external labels included
  std::vector<std::pair<std::string, std::string>> annotations;  // in the rule's order
  int64_t value = 0;
  bool exact = true;  // false: `value` is a lower bound
  TimeNs starts_at = kNoTime;
  TimeNs ends_at = kNoTime;  // kNoTime while it fires
  std::vector<EvidenceLine> evidence;
  // The rule's `by` values, in its order: what Alerta calls the resource.
  std::vector<std::string> by_values;
  bool show_evidence = true;  // false: the rule said `evidence: 0`

  uint64_t Fingerprint() const { return labels.Fingerprint(); }
};

// One step of an alert, as replay prints it and history keeps it.
struct Transition {
  TimeNs time = kNoTime;
  AlertState state = AlertState::kInactive;
  size_t rule_index = 0;  // place among all rules, in file order
  int64_t value = 0;      // the count at `time`; alert.value is what the alert shows
  bool exact = true;
  int64_t peak = 0;       // of the count since the alert began to fire
  bool told = true;       // false: its rule tells receivers as many alerts as it may
  Alert alert;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MODEL_ALERT_H_
