// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LOKI_REPLAY_H_
#define TALLYBELL_ENGINE_RUN_LOKI_REPLAY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/match/candidate_rules.h"
#include "engine/match/redactor.h"
#include "engine/match/rule_matcher.h"
#include "engine/run/evaluator.h"
#include "engine/run/push_streams.h"
#include "engine/run/replay.h"
#include "engine/run/replay_output.h"
#include "engine/run/replay_table.h"
#include "engine/source/loki_entries.h"
#include "engine/source/loki_query.h"
#include "rules/rule.h"

namespace tallybell {

// What would have fired: rules over what a Loki stores, by the time that its lines state. The
// result is a function of what is stored alone: not of the size of pages, nor of what comes first.
// Not thread-safe; used once.
class LokiReplay {
 public:
  struct Options {
    std::vector<LokiTarget> targets;  // one or more
    Labels external_labels;
    PushStreams::LabelTemplates labels;  // of every stream, over its own
    std::optional<absl::TimeZone> zone;
    DurationNs lateness = 45 * kSecond;
    TimeNs since = kNoTime;  // what is earlier fills windows; as far back as the longest window
    TimeNs until = kNoTime;  // the end of the input
    bool drain = false;
    int page = 5000;
  };

  // `rules`, `redactor`, `clock` and `metrics` outlive it.
  LokiReplay(const RuleSet* rules, const Redactor* redactor, Options options, const Clock* clock,
             Metrics* metrics);
  ~LokiReplay();

  // Reads all, and tells every decided transition as Replay::Run does. The errors of LokiQuery;
  // what was decided by then was told.
  absl::Status Run(Replay::OnTransition on_transition, Replay::OnProgress on_progress);

  ReplaySummary Summary() const;
  const std::vector<std::unique_ptr<RuleEvaluator>>& rules() const { return evaluator_.rules(); }

 private:
  class Part;

  TimeNs Begin() const;
  absl::Status Open();
  absl::Status ReadAll(Replay::OnTransition on_transition, Replay::OnProgress on_progress);
  void Progress();
  void TakeChunk(Part* part, LokiEntries chunk);
  void Watch(PushStream* stream, TimeNs first);

  const Options options_;
  const Redactor* const redactor_;
  const Clock* const clock_;
  Metrics* const metrics_;
  const RuleSet* const rule_set_;
  RuleMatcher matcher_;
  CandidateRulesCache candidates_;
  Evaluator evaluator_;
  ReplayOutput output_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::vector<uint32_t> watched_;  // sources of the evaluator
  std::vector<bool> rule_watched_;
  TimeNs first_ = kNoTime;
  TimeNs end_ = kNoTime;
  int64_t lines_ = 0;
  int64_t bytes_ = 0;
  std::vector<std::string> notes_;
  int64_t unread_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LOKI_REPLAY_H_
