// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_ACTIVE_ALERTS_H_
#define TALLYBELL_ENGINE_RUN_ACTIVE_ALERTS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/time_ns.h"
#include "engine/run/rule_group.h"

namespace tallybell {

// The alerts of one rule that are pending or firing, and which of those that fire the receivers
// are told: at most `max_told` at a time, so that a storm does not bury them (docs/semantics.md,
// "Storms"). What they were told of stays told until it ends. Not thread-safe.
class ActiveAlerts {
 public:
  explicit ActiveAlerts(size_t max_told) : max_told_(max_told) {}

  struct Active {
    TimeNs since = kNoTime;  // startsAt, decided or certain; kNoTime: it is pending
    bool told = false;       // the receivers know
    int64_t peak = 0;        // of the count since it fires
  };

  // Null where the group's alert is inactive. Valid until the next change.
  const Active* Find(const RuleGroup* group) const;
  // startsAt of a firing alert; kNoTime if it does not fire.
  TimeNs Since(const RuleGroup* group) const;

  void Pend(RuleGroup* group) { active_.try_emplace(group); }
  // It fires, since `since`. Returns whether the receivers are to be told.
  bool Fire(RuleGroup* group, TimeNs since);
  // The same for one that a state file remembers.
  void Restore(RuleGroup* group, TimeNs since, bool told);
  void NoteCount(RuleGroup* group, int64_t count, bool begins);
  // It is neither pending nor firing any more. Returns whether the receivers knew that it fired.
  bool End(RuleGroup* group);

  // Those that fire and may be told now, oldest groups first. There are none until a tenth of the
  // places is free: in a storm that ebbs, nobody is told what is over in a moment.
  std::vector<RuleGroup*> TakeUntold();

  size_t size() const { return active_.size(); }
  size_t told() const { return told_; }
  // Those that fire and were not told.
  size_t untold() const { return untold_.size(); }
  // All groups, oldest first.
  std::vector<const RuleGroup*> ByAge() const;
  const absl::flat_hash_map<const RuleGroup*, Active>& all() const { return active_; }

 private:
  const size_t max_told_;
  absl::flat_hash_map<const RuleGroup*, Active> active_;
  size_t told_ = 0;
  std::map<uint64_t, RuleGroup*> untold_;  // by number
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_ACTIVE_ALERTS_H_
