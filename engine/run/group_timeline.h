// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_GROUP_TIMELINE_H_
#define TALLYBELL_ENGINE_RUN_GROUP_TIMELINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/btree_set.h"
#include "engine/alert/alert_machine.h"
#include "engine/base/time_ns.h"
#include "engine/model/alert.h"
#include "engine/run/timeline_rule.h"
#include "engine/window/sliding_window.h"

namespace tallybell {

// What an alert shows: the count and the lines that made it.
struct TimelineView {
  int64_t value = 0;
  bool exact = true;
  std::vector<WindowMatch> lines;  // the first and the newest others, oldest first
};

// A transition of one group's alert.
struct TimelineStep {
  TimeNs time = kNoTime;
  AlertState state = AlertState::kInactive;
  int64_t value = 0;  // the count at `time`
  bool exact = true;
  TimeNs starts_at = kNoTime;  // of kFiring and kResolved
  TimelineView shown;          // at `time`, or at the last true instant where it ended
};

// One rule and one group as a function of the times of its matches and clears: docs/semantics.md,
// "The timeline" and "Absence". Matches may be put in in any order; instants are decided in
// ascending order, each once, when the caller says so.
//
// There may be a million of these: what only few of them need stands apart.
//
// Not thread-safe; owned by the evaluation thread.
class GroupTimeline {
 public:
  enum class Arrival {
    kInTime,
    kLate,     // before T: it takes its place, and T is looked at again
    kTooLate,  // before T - W: it changes nothing
  };

  // `rule` outlives it.
  explicit GroupTimeline(const TimelineRule* rule) : rule_(rule) {}

  // `decided`: the rule's T. All instants before it have been decided.
  Arrival AddMatch(const WindowMatch& match, TimeNs decided);
  Arrival AddClear(TimeNs at, TimeNs decided);

  // Absence without `by`: the first record of any stream was at `at`; later calls can only move it
  // back, and only while nothing was decided.
  void StartAbsence(TimeNs at);

  // Absence is not watched until it is resumed, where watching starts anew. An alert that fires
  // stays as it is meanwhile.
  void SuspendAbsence();
  void ResumeAbsence(TimeNs at);

  // The rule was changed in what it watches: an alert that fires stays until `t`, by when the new
  // window has been watched for its width.
  void HoldUntil(TimeNs t) { rare().hold_until = t; }

  // The next instant at which anything may change; kNever if there is none.
  TimeNs NextInstant() const;

  // Decides the instant NextInstant(). With `absence_on` false no absence becomes true or fires
  // there (the drain after the end of the input).
  std::optional<TimelineStep> Decide(bool absence_on = true);

  // The highest count at the instants that were decided together.
  struct Quiet {
    int64_t peak = 0;
    TimeNs at = kNoTime;  // the first time of it
  };
  // Decides together those next instants before `t` at which the count changes and nothing else,
  // where that can be told from the times alone; none: not even the next one could.
  std::optional<Quiet> DecideQuiet(TimeNs t);

  // The firing that the records so far make certain, if nothing else comes: now, where its time
  // has passed already, or at its time. None where the alert fires as decided already. Only where
  // TimelineRule::OnlyGrows.
  std::optional<TimelineStep> CertainFiring() const;

  // What the window shows at `t`, not earlier than the last decided instant.
  TimelineView ViewAt(TimeNs t) const;
  AlertStatus status() const;
  // Those that may count now or later.
  const SlidingWindow& window() const { return window_; }
  // The newest match that may count now or later; kNoTime if there is none.
  TimeNs newest() const;
  // Matches and clears that are not decided yet.
  size_t undecided() const {
    return window_.size() - window_.decided() + (rare_ == nullptr ? 0 : rare_->clears.size());
  }
  // Up to here all is decided.
  TimeNs last_instant() const { return last_instant_; }
  // The count at the last decided instant.
  int64_t count() const { return count_; }
  // Nothing is in it that a new timeline would not have.
  bool IsBlank() const;

 private:
  friend class TimelineState;

  // What most groups of most rules never have.
  struct Rare {
    TimeNs since = kNoTime;  // of AlertStatus, as the next one
    TimeNs false_since = kNoTime;
    absl::btree_set<TimeNs> clears;         // not decided yet
    TimeNs last_clear = kNoTime;            // the newest that took effect
    TimeNs look_again = kNoTime;            // T, when something late came
    bool ended_late = false;                // a late clear ends the alert at look_again
    std::optional<TimelineView> last_true;  // while false but still firing
    TimeNs absence_start = kNoTime;
    TimeNs last_match = kNoTime;  // absence with `by`: newest decided match
    TimeNs hold_until = kNoTime;  // a firing alert does not end before

    bool IsBlank() const;
  };
  static const Rare& NoRare();

  // For looking ahead.
  GroupTimeline(const GroupTimeline& other);

  const Rare& seen() const { return rare_ == nullptr ? NoRare() : *rare_; }
  Rare& rare();
  bool IsQuiet() const;
  bool Holds(TimeNs t, int64_t count) const;
  TimelineView ViewOf(SlidingWindow::Range matches, TimeNs t) const;
  TimelineView ViewBefore(TimeNs t) const;
  void Clear(TimeNs at);
  void LookAgainAt(TimeNs decided);
  void Trim();
  bool Forget(TimeNs t);
  bool TakeEndings(TimeNs t);
  std::optional<TimelineStep> Step(bool absence_on);
  void SetStatus(const AlertStatus& status);
  std::optional<TimelineStep> FirstEnough() const;
  std::optional<TimelineStep> LookAhead() const;

  const TimelineRule* rule_;
  SlidingWindow window_;
  TimeNs last_instant_ = kNoTime;  // up to here all is decided
  std::unique_ptr<Rare> rare_;
  int32_t count_ = 0;   // at last_instant_
  uint8_t state_ = 0;   // an AlertState
  bool holds_ = false;  // at last_instant_
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_GROUP_TIMELINE_H_
