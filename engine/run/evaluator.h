// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_EVALUATOR_H_
#define TALLYBELL_ENGINE_RUN_EVALUATOR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "engine/base/metrics.h"
#include "engine/match/matched_record.h"
#include "engine/model/alert.h"
#include "engine/run/evidence_rows.h"
#include "engine/run/group_memory.h"
#include "engine/run/rule_clocks.h"
#include "engine/run/rule_evaluator.h"
#include "rules/rule.h"

namespace tallybell {

// All rules over all sources: what alerts there are is a function of the records put in, not of
// when they were (docs/semantics.md). Used by run, by replay and by rule tests alike.
//
// Belongs to one thread, the evaluation thread.
class Evaluator {
 public:
  struct Options {
    Labels external_labels;
    bool live = false;
    size_t max_groups = 10'000;  // of each rule
    size_t max_told = 1'000;     // alerts of each rule that receivers are told at a time
    size_t undecided_bytes = 64 << 20;
    GroupMemory::Options memory = {};
  };

  // `rules` and `metrics` outlive it.
  Evaluator(const RuleSet* rules, const Options& options, Metrics* metrics);

  // A source that may bring records of any of `streams`; returns its number. Absence that was
  // suspended for want of one is watched anew from `live_at` on.
  uint32_t AddSource(const std::vector<Labels>& streams, DurationNs lateness,
                     TimeNs live_at = kNoTime);

  // A file as evidence names it; returns the number that its records carry, the same each time.
  uint32_t AddFile(std::string name);

  // One record that counts; those of one source in the order in which they stand there.
  void Add(const MatchedRecord& record);

  // The source's first record was at `t`: absence without `by` is watched from the earliest on.
  void Started(uint32_t source, TimeNs t);

  // The source has told all up to `complete_to`.
  void Progress(uint32_t source, TimeNs complete_to) { clocks_.Progress(source, complete_to); }

  // A stuck, unreachable or vanished source is not live. Watching for absence stops where no source
  // that a rule selects is live, and starts anew at `at` when one is again.
  void SetLive(uint32_t source, bool live, TimeNs at);

  // Nobody knows what was told up to `at`: the machine slept, or a client could not push. Absence
  // is watched anew from there by the rules that the source is of.
  void WatchAnew(uint32_t source, TimeNs at);
  // By all rules.
  void WatchAnew(TimeNs at);

  // The source has no more, ever. What the others bring goes on without it.
  void Ended(uint32_t source) { clocks_.SetLive(source, false); }

  // Decides what is known and appends to `*output`. In a live engine also tells what is certain,
  // `wall` being the time that has passed.
  void Decide(TimeNs wall, RuleEvaluator::Output* output);

  // The end of the input; see RuleEvaluator::Finish.
  void Finish(TimeNs end, bool drain, RuleEvaluator::Output* output);

  // When a firing becomes certain with time alone; kNever if only records can make one so.
  TimeNs next_certain() const;

  // The latest T of any rule: what is before it may be late.
  TimeNs known_to() const;

  // Everything before this is decided for every rule that has a source.
  TimeNs decided_everywhere() const;

  // Goes on with what `former` counted on the last day, for rules that count as they did there.
  void TakeRecentMatches(const Evaluator& former);

  const RuleClocks& clocks() const { return clocks_; }
  const GroupMemory& memory() const { return memory_; }
  const EvidenceRows& evidence_rows() const { return evidence_rows_; }
  // Whether more matches wait for their instants than may: who is ahead waits for the others.
  // Whoever holds the clock goes on, or nobody could; a quarter beyond the limit is decided early.
  bool Full() const {
    return memory_.undecided * GroupMemory::kUndecidedBytes >= options_.undecided_bytes;
  }
  // Whether a source of `rules` that is complete to `told`, lateness taken off, holds no clock.
  bool Ahead(const std::vector<uint32_t>& rules, TimeNs told) const;
  // Groups that changed since they were saved.
  size_t changed() const;
  const std::vector<std::unique_ptr<RuleEvaluator>>& rules() const { return evaluators_; }

 private:
  friend class EvaluatorState;

  void Schedule(uint32_t rule);
  void DecideClock(size_t clock, TimeNs t, RuleEvaluator::Output* output);
  void DecideTooMany(RuleEvaluator::Output* output);
  void ForgetLines();

  const RuleSet* const rule_set_;
  const Options options_;
  Metric& decided_early_;
  GroupMemory memory_;
  uint64_t lines_kept_to_ = 0;  // where the evidence ended when lines were forgotten
  EvidenceRows evidence_rows_;  // of memory_.evidence
  std::vector<std::string> file_names_;
  absl::flat_hash_map<std::string, uint32_t> file_numbers_;
  RuleClocks clocks_;
  std::vector<std::unique_ptr<RuleEvaluator>> evaluators_;
  // (next instant, rule) for the rules of each clock, and each rule's entry.
  std::vector<absl::btree_set<std::pair<TimeNs, uint32_t>>> deadlines_;
  std::vector<TimeNs> scheduled_;
  std::vector<size_t> scheduled_in_;
};

// The order in which decided transitions are shown: time, then rule in the file, then labels.
void SortTransitions(std::vector<Transition>* transitions);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_EVALUATOR_H_
