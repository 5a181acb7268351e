// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_REPLAY_TABLE_H_
#define TALLYBELL_ENGINE_RUN_REPLAY_TABLE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/time_ns.h"
#include "engine/model/alert.h"
#include "engine/run/rule_evaluator.h"

namespace tallybell {

// What a replay read, for its last lines.
struct ReplaySummary {
  int64_t lines = 0;
  int64_t bytes = 0;         // decompressed
  int64_t without_time = 0;  // records that matched and state no time, nor inherit one
  int64_t late_matches = 0;
  int64_t clamped_times = 0;  // stamps too far in the future
  int64_t lines_cut = 0;      // longer than the limit
  int64_t malformed_envelopes = 0;
  int64_t malformed_lines = 0;  // of those that had to be read
  int64_t records_cut = 0;      // joined records that reached a limit
  int64_t groups_refused = 0;
  int64_t by_missing = 0;
  TimeNs first = kNoTime;  // first and last time that the input states
  TimeNs last = kNoTime;
  int64_t unread = 0;  // files that could not be read, or not to their end
  DurationNs took = 0;
  std::vector<std::string> notes;  // one a source: what format was chosen, what could not be read
};

// A replay as people read it: each alert's span, its peak and newest line; then for every rule its
// matches and how near it came; then what was read. Collects; not thread-safe.
class ReplayTable {
 public:
  // `color`: ANSI colours, for a terminal.
  explicit ReplayTable(bool color) : color_(color) {}

  // In the order in which transitions are decided.
  void Add(const Transition& transition);

  std::string Render(const std::vector<std::unique_ptr<RuleEvaluator>>& rules,
                     const ReplaySummary& summary) const;

 private:
  struct Span {
    Alert alert;
    TimeNs starts_at = kNoTime;
    TimeNs ends_at = kNoTime;
    int64_t peak = 0;
  };

  void Update(Span* span, const Transition& newer) const;
  std::string RenderAlerts(const std::vector<std::unique_ptr<RuleEvaluator>>& rules) const;
  std::string RenderAlert(const Span& span) const;
  static std::string RenderRules(const std::vector<std::unique_ptr<RuleEvaluator>>& rules);

  const bool color_;
  std::vector<Span> spans_;
  std::map<Labels, size_t> open_;  // spans that have not ended
};

// The last lines alone: what --output jsonl says on stderr.
std::string RenderSummary(const ReplaySummary& summary);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_REPLAY_TABLE_H_
