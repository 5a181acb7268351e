// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What one transaction writes. Rows carry state as text that only its owner reads: the store
// knows keys, not meanings.
#ifndef TALLYBELL_ENGINE_STORE_DELTA_H_
#define TALLYBELL_ENGINE_STORE_DELTA_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/time_ns.h"

namespace tallybell {

// Where a source has been read to and what its readers must remember.
struct PositionRow {
  std::string source;  // key: the source's configured identity and the file's own
  std::string state;
  bool erased = false;
};

// A rule's clock T and what is known of the rule as it was last loaded.
struct RuleRow {
  std::string rule;  // key
  std::string state;
  bool erased = false;  // erases its groups too
};

// One (rule, group): its window and its alert.
struct GroupRow {
  std::string rule;  // key, with `group`
  std::string group;
  std::string state;
  bool erased = false;
};

// What one receiver has not accepted yet of one alert, from a firing to its resolve.
struct OutboxRow {
  std::string receiver;     // key, with `id`
  int64_t id = 0;           // unique for that receiver
  std::string fingerprint;  // 16 hex digits
  std::string state;
  bool erased = false;
};

// One transition, or one offer of it to a receiver with what that answered.
struct HistoryRow {
  TimeNs time = kNoTime;
  std::string fingerprint;
  std::string kind;  // "pending", "firing", "resolved", "inactive", "told", "parked"
  std::string rule;
  std::string labels;
  std::string detail;
};

// Rows of one key: the last one wins. Callbacks run on the committer's thread, after the commit.
struct Delta {
  std::vector<PositionRow> positions;
  std::vector<RuleRow> rules;
  std::vector<GroupRow> groups;
  std::vector<OutboxRow> outbox;
  std::vector<HistoryRow> history;
  std::vector<std::function<void()>> committed;
  // True when somebody waits for it: an alert changed, or a push wants its answer.
  bool urgent = false;

  bool empty() const {
    return positions.empty() && rules.empty() && groups.empty() && outbox.empty() &&
           history.empty() && committed.empty();
  }
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_DELTA_H_
