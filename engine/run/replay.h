// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_REPLAY_H_
#define TALLYBELL_ENGINE_RUN_REPLAY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/base/metrics.h"
#include "engine/base/worker_crew.h"
#include "engine/frame/multiline_joiner.h"
#include "engine/match/candidate_rules.h"
#include "engine/match/redactor.h"
#include "engine/match/rule_matcher.h"
#include "engine/run/evaluator.h"
#include "engine/run/replay_output.h"
#include "engine/run/replay_part.h"
#include "engine/run/replay_plan.h"
#include "engine/run/replay_table.h"
#include "engine/run/source_reader.h"
#include "engine/source/archive.h"
#include "rules/rule.h"

namespace tallybell {

// What would have fired: rules over logs of the past, by the time that the logs state. The result
// is a function of the files alone. Not thread-safe; used once.
class Replay {
 public:
  struct Options {
    Labels external_labels;
    Labels labels;                              // of every source
    const Pattern* labels_from_path = nullptr;  // its named groups are labels
    std::string format = "auto";
    std::optional<absl::TimeZone> zone;
    int first_year = 0;
    DurationNs lateness = 45 * kSecond;  // of every source
    TimeNs since = kNoTime;
    TimeNs until = kNoTime;
    bool drain = false;
    MultilineJoiner::Options multiline;  // of every source
    size_t block = 1 << 20;              // read at a time, in bytes
    int threads = 0;           // that look through files; 0: one, and nothing is read ahead
    size_t chunk = 512 << 10;  // of a plain file that several look through, in bytes
    size_t found = 16 << 20;   // what is found ahead in archives takes in memory, about, in bytes
    // For the tests that compare: without the scan, and with many marks in a short log.
    CandidateRules::Scan scan = CandidateRules::Scan::kOn;
    size_t mark_every = SourceReader::kMarkEvery;
  };

  using OnTransition = ReplayOutput::OnTransition;
  // Bytes read, as files hold them, of how many (0: nobody knows).
  using OnProgress = absl::FunctionRef<void(uint64_t read, uint64_t of)>;

  // `rules`, `redactor` and `metrics` outlive it.
  Replay(const RuleSet* rules, const Redactor* redactor, Options options, Metrics* metrics);
  ~Replay();

  // Reads `paths` to their ends and tells every decided transition, in order of time, then rule,
  // then labels. What cannot be read is named in the summary; NotFound if nothing could be.
  absl::Status Run(const std::vector<std::string>& paths, OnTransition on_transition,
                   OnProgress on_progress);

  ReplaySummary Summary() const;
  const std::vector<std::unique_ptr<RuleEvaluator>>& rules() const { return evaluator_.rules(); }

 private:
  class Source;

  void Take(Source* source, const SourceItem& item, OnTransition on_transition);
  uint64_t BytesRead() const;
  void Decide(OnTransition on_transition);

  // So many items are taken before it is decided what they say, unless one needs it.
  static constexpr int kItemsAtOnce = 16 * 1024;
  static constexpr size_t kMaxOpenBytes = 8 << 20;  // read at a time, of all sources
  // Of more sources than these none is read ahead: what is read ahead of all stays bounded.
  static constexpr size_t kMaxAhead = 32;

  static constexpr size_t kMaxAheadBytes = 8 << 20;  // decompressed ahead, of all sources

  void ShareMemory();
  SourceBlocks::Ahead AheadOf(const Archive& archive);

  const Options options_;
  size_t block_ = 0;  // of each source
  Metrics* const metrics_;
  RuleMatcher matcher_;
  CandidateRulesCache candidates_;
  Evaluator evaluator_;
  ReplayOutput output_;
  WorkerCrew crew_;
  size_t parts_at_a_time_ = 1;  // of a source
  ReplayPart::Ahead part_ahead_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<std::string> notes_;
  int64_t unread_ = 0;
  int undecided_items_ = 0;
  TimeNs end_ = kNoTime;  // the greatest time of a match or mark
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_REPLAY_H_
