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
#include "absl/strings/string_view.h"
#include "engine/base/metrics.h"
#include "engine/match/matched_record.h"
#include "engine/model/alert.h"
#include "engine/run/active_alerts.h"
#include "engine/run/group_memory.h"
#include "engine/run/nearest_misses.h"
#include "engine/run/recent_matches.h"
#include "engine/run/rule_group.h"
#include "rules/rule.h"

namespace tallybell {

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
    size_t max_told = 1'000;  // alerts that receivers are told at a time; only in a live engine
    bool live = false;        // keeps what the state file and the sinks need
  };

  // What the evaluator has to say, in ascending order of time for each group.
  struct Output {
    std::vector<Transition> transitions;  // decided
    std::vector<Alert> certain;           // firing for certain, not decided yet
    std::vector<Alert> withdrawn;         // told early, and then a late clear came: ended
    std::vector<Alert> newer;             // fires still; shows newer lines
  };

  // `rule`, `memory` and `metrics` outlive it.
  RuleEvaluator(const Rule* rule, size_t rule_index, const Options& options, GroupMemory* memory,
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

  // Decides the earliest instants, whatever T is, which moves there, until at most `keep` matches
  // and clears are undecided.
  void DecideEarly(size_t keep, Output* output);

  // Decides every instant up to and including `end`: the end of the input. With `drain` goes on
  // until nothing is left to decide; that turns no absence on.
  void Finish(TimeNs end, bool drain, Output* output);

  // Forgets the groups that have all pairs of `group`: their windows, and their alerts, which end
  // at `now`. Returns how many there were. For what somebody knows to be gone for good.
  size_t Forget(const Labels& group, TimeNs now, Output* output);

  // Tells the firings that are certain, given that instants up to `passed` have passed.
  void TellCertain(TimeNs passed, Output* output);

  // The earliest instant that is not decided; kNever if there is none.
  TimeNs next_instant() const { return deadlines_.empty() ? kNever : deadlines_.first_time(); }
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
  // The same for what it counted on the last day.
  RecentMatches& recent() { return recent_; }
  const RecentMatches& recent() const { return recent_; }

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
  // Matches and clears of all groups.
  size_t undecided() const { return undecided_; }
  TimeNs decided() const { return decided_; }
  // No alert of it shows lines of matches before this, every instant before `t` being decided: no
  // window reaches back there, nor does what an alert that has not ended showed last.
  TimeNs ShowsFrom(TimeNs t) const;

  // Whether matches are refused because there are too many groups. So it stays until a tenth of
  // the places is free again.
  bool refuses_groups() const { return refused_groups_ && !HasRoom(); }
  bool HasRoom() const;
  const ActiveAlerts& alerts() const { return active_; }

  // Keys of the groups that changed since the last call, in order; Find yields null for those that
  // are gone. Only a live engine's evaluator keeps them.
  std::vector<std::string> TakeChanged();
  size_t changed() const { return changed_.size() + gone_.size(); }
  const RuleGroup* Find(absl::string_view key) const;

 private:
  friend class EvaluatorState;

  RuleGroup* FindOrAdd(absl::string_view key);
  // Null, and counted, where there is no place for one more.
  RuleGroup* AddGroup(absl::string_view key);
  void Reschedule(RuleGroup* group);
  // What one group had undecided before, and has now.
  void CountUndecided(size_t before, size_t now);
  void DecideUntil(RuleGroup* group, TimeNs t, bool absence_on, Output* output);
  void DecideOne(RuleGroup* group, bool absence_on, Output* output);
  bool DecideQuiet(RuleGroup* group, TimeNs t);
  void NoteMatch(RuleGroup* group);
  void NoteNearest(const RuleGroup& group, int64_t count, TimeNs t);
  Alert MakeAlert(const RuleGroup& group, const TimelineStep& step) const;
  Transition MakeTransition(const RuleGroup& group, const TimelineStep& step) const;
  Labels AlertLabels(const std::vector<std::string>& by_values) const;
  Labels GroupLabels(const std::vector<std::string>& by_values) const;
  bool Fire(RuleGroup* group, TimeNs since);
  void Withdraw(RuleGroup* group, Output* output);
  void TellOneCertain(RuleGroup* group, TimeNs passed, Output* output);
  void TellUntold(Output* output);
  TimelineStep NewestStep(const RuleGroup& group) const;
  TimelineStep StepNow(const RuleGroup& group) const;
  void AwaitCertain(RuleGroup* group, TimeNs at);
  // A group that a state file remembers, which has its place already.
  void TakeUp(RuleGroup* group, TimeNs fires_since, bool told, int64_t peak);
  void EraseIfBlank(RuleGroup* group);
  void Erase(RuleGroup* group);

  const Rule* const rule_;
  const size_t rule_index_;
  const Options options_;
  TimelineRule timeline_rule_;
  const bool keeps_lines_;
  GroupMemory* const memory_;
  const std::vector<std::string>* const file_names_;
  Metric& matches_total_;
  Metric& late_total_;
  Metric& refused_total_;
  Metric& untold_total_;

  TimeNs decided_ = kNoTime;
  size_t undecided_ = 0;
  uint64_t next_number_ = 0;
  Tally tally_;
  NearestMisses misses_;
  RecentMatches recent_;
  absl::flat_hash_set<uint64_t> tallied_groups_;  // hashes of their keys
  RuleGroupSet groups_;
  DeadlineHeap deadlines_;
  ActiveAlerts active_;
  bool refused_groups_ = false;  // and had no room since
  // Firings that are certain once time has passed; (instant, number) orders them the same way in
  // every run.
  using Deadline = std::pair<TimeNs, std::pair<uint64_t, RuleGroup*>>;
  absl::btree_set<Deadline> certain_deadlines_;
  absl::flat_hash_map<const RuleGroup*, TimeNs> certain_at_;  // their entries
  absl::flat_hash_set<RuleGroup*> touched_;                   // matched since TellCertain
  absl::flat_hash_set<const RuleGroup*> changed_;             // since TakeChanged
  std::vector<std::string> gone_;                             // the same
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_RULE_EVALUATOR_H_
