// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_RULE_EVALUATOR_H_
#define TALLYBELL_ENGINE_RUN_RULE_EVALUATOR_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "engine/base/metrics.h"
#include "engine/match/rule_match.h"
#include "engine/model/alert.h"
#include "engine/run/group_timeline.h"
#include "engine/run/nearest_misses.h"
#include "engine/window/evidence_ring.h"
#include "rules/rule.h"

namespace tallybell {

// One value of a rule's `by`: its timeline and what identifies its alert.
struct RuleGroup {
  explicit RuleGroup(const TimelineRule* rule) : timeline(rule) {}

  GroupTimeline timeline;
  std::string key;
  std::vector<std::string> by_values;
  Labels labels;                // the alert's whole identity
  TimeNs scheduled = kNever;    // its entry among the deadlines
  TimeNs certain_at = kNever;   // its entry among the certain firings to come
  TimeNs told_since = kNoTime;  // startsAt that the sinks know; kNoTime: they know of none
  int64_t peak = 0;             // of the count since it fires
  uint64_t number = 0;
};

// How near a rule came: the highest count, or for absence the lowest, and where.
struct NearestMiss {
  int64_t value = 0;
  TimeNs time = kNoTime;
  Labels group;
};

// All groups of one rule and the rule's clock T. Not thread-safe.
class RuleEvaluator {
 public:
  struct Options {
    Labels external_labels;
    size_t max_groups = 10'000;
    bool live = false;  // keeps what the state file and the sinks need
  };

  // What the evaluator has to say, in ascending order of time for each group.
  struct Output {
    std::vector<Transition> transitions;  // decided
    std::vector<Alert> certain;           // firing for certain, not decided yet
    std::vector<Alert> withdrawn;         // told early, and then a late clear came: ended
    std::vector<Alert> newer;             // fires still; shows newer lines
  };

  // `rule`, `evidence` and `metrics` outlive it.
  RuleEvaluator(const Rule* rule, size_t rule_index, const Options& options, EvidenceRing* evidence,
                const std::vector<std::string>* file_names, Metrics* metrics);

  // `decided` is T: every instant before it has been decided, or has nothing in it.
  void Add(const RuleMatch& match, const MatchedRecord& record, TimeNs decided);

  // A record of a stream that the rule selects was at `t`: absence is watched from there on.
  void StartAbsence(TimeNs t);
  // No source that the rule selects is live from now on; one is again at `t`.
  void SuspendAbsence();
  void ResumeAbsence(TimeNs t);

  // Moves T to `t` (never back) and decides every instant before it.
  void DecideBefore(TimeNs t, Output* output);

  // Decides every instant up to and including `end`: the end of the input. With `drain` goes on
  // until nothing is left to decide; that turns no absence on.
  void Finish(TimeNs end, bool drain, Output* output);

  // Forgets the groups that have all pairs of `group`: their windows, and their alerts, which end
  // at `now`. Returns how many there were. For what somebody knows to be gone for good.
  size_t Forget(const Labels& group, TimeNs now, Output* output);

  // Tells the firings that are certain, given that instants up to `passed` have passed.
  void TellCertain(TimeNs passed, Output* output);

  // The earliest instant that is not decided; kNever if there is none.
  TimeNs next_instant() const { return deadlines_.empty() ? kNever : deadlines_.begin()->first; }
  TimeNs next_certain() const;
  const Rule& rule() const { return *rule_; }
  size_t index() const { return rule_index_; }

  // For the summary.
  static constexpr size_t kMaxTalliedGroups = 100'000;
  struct Tally {
    int64_t matches = 0;
    int64_t clears = 0;
    int64_t groups = 0;        // different ones that matched
    bool more_groups = false;  // than those: beyond kMaxTalliedGroups nobody remembers
    std::optional<NearestMiss> nearest;
  };
  const Tally& tally() const { return tally_; }
  // How near it came, by day, for history; only a live engine's evaluator keeps it.
  NearestMisses& misses() { return misses_; }

  // The alerts that fire as decided, as they stand now, each with the peak of its count.
  std::vector<Transition> FiringNow() const;

  // The alerts that are pending or firing now, those that fire for certain included, by age of
  // their groups: at most `limit`. Costs what there are, not what groups there are.
  std::vector<Transition> ActiveNow(size_t limit) const;
  size_t active() const { return active_.size(); }
  struct ActiveCount {
    int64_t pending = 0;
    int64_t firing = 0;
  };
  ActiveCount CountActive() const;
  size_t groups() const { return groups_.size(); }
  TimeNs decided() const { return decided_; }

  // Keys of the groups that changed since the last call, in no order; Find yields null for those
  // that are gone. Only a live engine's evaluator keeps them.
  std::vector<std::string> TakeChanged();
  const RuleGroup* Find(const std::string& key) const;

 private:
  friend class EvaluatorState;

  RuleGroup* FindOrAdd(const std::vector<std::string>& by_values);
  void Reschedule(RuleGroup* group);
  void DecideOne(RuleGroup* group, bool absence_on, Output* output);
  void NoteMatch(const RuleGroup& group);
  void NoteNearest(const RuleGroup& group, TimeNs t);
  Alert MakeAlert(const RuleGroup& group, const TimelineStep& step) const;
  Transition MakeTransition(const RuleGroup& group, const TimelineStep& step) const;
  Labels AlertLabels(const std::vector<std::string>& by_values) const;
  Labels GroupLabels(const std::vector<std::string>& by_values) const;
  void Withdraw(RuleGroup* group, Output* output);
  void TellNewer(const RuleGroup& group, Output* output) const;
  TimelineStep NewestStep(const RuleGroup& group) const;
  void EraseIfBlank(RuleGroup* group);
  void Erase(RuleGroup* group);
  void NoteActive(RuleGroup* group);

  const Rule* const rule_;
  const size_t rule_index_;
  const Options options_;
  const TimelineRule timeline_rule_;
  EvidenceRing* const evidence_;
  const std::vector<std::string>* const file_names_;
  Metric& matches_total_;
  Metric& late_total_;
  Metric& refused_total_;

  TimeNs decided_ = kNoTime;
  uint64_t next_number_ = 0;
  Tally tally_;
  NearestMisses misses_;
  absl::flat_hash_set<uint64_t> tallied_groups_;  // hashes of their keys
  absl::flat_hash_map<std::string, std::unique_ptr<RuleGroup>> groups_;
  // (instant, number) orders groups the same way in every run.
  using Deadline = std::pair<TimeNs, std::pair<uint64_t, RuleGroup*>>;
  absl::btree_set<Deadline> deadlines_;
  absl::btree_set<Deadline> certain_deadlines_;
  absl::flat_hash_set<RuleGroup*> touched_;                 // matched since TellCertain
  absl::flat_hash_map<uint64_t, const RuleGroup*> active_;  // pending or firing, by number
  absl::flat_hash_set<std::string> changed_;                // since TakeChanged
};

// The key of a group: its `by` values, which are UTF-8, each ended by a byte that is not.
std::string GroupKey(const std::vector<std::string>& by_values);
// And back.
std::vector<std::string> GroupKeyValues(absl::string_view key);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_RULE_EVALUATOR_H_
