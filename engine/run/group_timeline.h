// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_GROUP_TIMELINE_H_
#define TALLYBELL_ENGINE_RUN_GROUP_TIMELINE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/alert/alert_machine.h"
#include "engine/base/time_ns.h"
#include "engine/model/alert.h"
#include "engine/window/sliding_window.h"
#include "rules/rule.h"

namespace tallybell {

// What the timelines of a rule's groups need of the rule; shared by all of them.
struct TimelineRule {
  explicit TimelineRule(const Rule& rule);
  TimelineRule() = default;

  DurationNs width = 0;
  Comparison op = Comparison::kGreater;
  int64_t threshold = 0;
  AlertPolicy policy;
  DurationNs forget = 24 * kHour;
  size_t lines = 5;      // shown with an alert: the first and the newest others
  bool grouped = false;  // has `by`
  bool absence = false;  // zero satisfies the condition

  // Whether a later record can only add truth, so that an alert may ring early.
  bool OnlyGrows() const { return op == Comparison::kGreater || op == Comparison::kGreaterOrEqual; }
};

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
// Not thread-safe; owned by the evaluation thread.
class GroupTimeline {
 public:
  enum class Arrival {
    kInTime,
    kLate,     // before T: it takes its place, and T is looked at again
    kTooLate,  // before T - W: it changes nothing
  };

  // `rule` outlives it.
  explicit GroupTimeline(const TimelineRule* rule);

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
  void HoldUntil(TimeNs t) { hold_until_ = t; }

  // The next instant at which anything may change; kNever if there is none.
  TimeNs NextInstant() const;

  // Decides the instant NextInstant(). With `absence_on` false no absence becomes true or fires
  // there (the drain after the end of the input).
  std::optional<TimelineStep> Decide(bool absence_on = true);

  // The firing that the records so far make certain, if nothing else comes: now, where its time
  // has passed already, or at its time. None where the alert fires as decided already. Only where
  // TimelineRule::OnlyGrows.
  std::optional<TimelineStep> CertainFiring() const;

  // What the window shows at `t`, not earlier than the last decided instant.
  TimelineView ViewAt(TimeNs t) const;
  const AlertStatus& status() const { return status_; }
  // Those that may count now or later, oldest first; valid until the next change.
  absl::Span<const WindowMatch> matches() const { return window_.all(); }
  // The count at the last decided instant.
  int64_t count() const { return count_; }
  // Nothing is in it that a new timeline would not have.
  bool IsBlank() const;

 private:
  friend class TimelineState;

  bool Holds(TimeNs t, int64_t count) const;
  TimelineView ViewOf(absl::Span<const WindowMatch> matches, TimeNs t) const;
  void Clear(TimeNs at);
  void LookAgainAt(TimeNs decided);
  bool Forget(TimeNs t);

  const TimelineRule* rule_;
  SlidingWindow window_;
  AlertStatus status_;
  TimeNs last_instant_ = kNoTime;          // up to here all is decided
  std::vector<TimeNs> clears_;             // not decided yet, ascending
  TimeNs last_clear_ = kNoTime;            // the newest that took effect
  TimeNs look_again_ = kNoTime;            // T, when something late came
  bool ended_late_ = false;                // a late clear ends the alert at look_again_
  bool holds_ = false;                     // at last_instant_
  int64_t count_ = 0;                      // at last_instant_
  std::optional<TimelineView> last_true_;  // while false but still firing
  TimeNs absence_start_ = kNoTime;
  TimeNs last_match_ = kNoTime;  // absence with `by`: newest decided match
  TimeNs hold_until_ = kNoTime;  // a firing alert does not end before
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_GROUP_TIMELINE_H_
