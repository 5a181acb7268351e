// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_ENGINE_SNAPSHOT_H_
#define TALLYBELL_ENGINE_RUN_ENGINE_SNAPSHOT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/time_ns.h"
#include "engine/model/alert.h"
#include "engine/run/evaluator.h"

namespace tallybell {

// A rule as the API and the page show it.
struct RuleView {
  std::string group;
  std::string alert;
  std::string file;
  int line = 0;
  int ordinal = 0;    // among the rules of that group and name
  std::string query;  // the condition as LogQL
  Comparison op = Comparison::kGreater;
  DurationNs window = 0;
  std::vector<std::string> by;
  DurationNs hold = 0;
  DurationNs keep_firing_for = 0;
  std::vector<std::pair<std::string, std::string>> labels;       // templates as written
  std::vector<std::pair<std::string, std::string>> annotations;  // the same
  AlertState state = AlertState::kInactive;                      // that of its worst alert
  // Pending and firing ones; at most EngineSnapshot::kMaxAlerts of a rule.
  std::vector<Transition> alerts;
  size_t active = 0;  // how many there are
  size_t groups = 0;
  int64_t matches = 0;  // since the start
  int64_t threshold = 0;
  std::optional<NearestMiss> nearest;  // since the start
  std::vector<uint32_t> recent;        // RecentMatches::Until the snapshot's time
  TimeNs decided = kNoTime;            // T; kNoTime: no source tells anything yet
};

// A source as the API and the page show it.
struct SourceView {
  enum class State { kLive, kBehind, kDown };
  std::string key;
  State state = State::kLive;
  std::string why;  // it is down
  TimeNs complete_to = kNoTime;
  DurationNs lateness = 0;
  int64_t files = 0;
  int64_t lines = 0;
  int64_t bytes = 0;
};

// "live", "behind", "down".
absl::string_view SourceStateName(SourceView::State state);

// What a running engine looked like at one moment. A plain value: made by the evaluation thread,
// then immutable and read by anybody.
struct EngineSnapshot {
  static constexpr size_t kMaxAlerts = 1'000;  // of each rule

  TimeNs at = kNoTime;  // wall clock
  std::vector<RuleView> rules;
  std::vector<SourceView> sources;
  std::vector<Alert> own_alerts;  // those about tallybell itself that fire
  // Reading pauses for so long already, because the state file takes nothing; 0: it does not.
  DurationNs waits_for_disk = 0;
  bool state_lost = false;  // nothing will be written to it before a restart
};

// The part of a snapshot that the rules are. Costs what alerts there are, not what groups.
// `now`: wall clock.
std::vector<RuleView> ViewRules(const Evaluator& evaluator, TimeNs now);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_ENGINE_SNAPSHOT_H_
