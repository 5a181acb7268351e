// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/group_timeline.h"

#include <algorithm>

namespace tallybell {
namespace {

// Times kept for `value` beyond those that truth needs.
constexpr size_t kMaxTimes = 10'000;

}  // namespace

TimelineRule::TimelineRule(const Rule& rule)
    : width(rule.leaf().window),
      op(rule.op()),
      threshold(rule.threshold()),
      policy{rule.hold, rule.keep_firing_for},
      forget(rule.forget),
      lines(static_cast<size_t>(rule.evidence_lines)),
      grouped(!rule.leaf().by.empty()),
      absence(rule.WatchesAbsence()) {}

GroupTimeline::GroupTimeline(const TimelineRule* rule) : rule_(rule), window_(rule->width) {}

GroupTimeline::Arrival GroupTimeline::AddMatch(const WindowMatch& match, TimeNs decided) {
  const bool late = match.time < decided;
  if (late && match.time <= SubtractNs(decided, rule_->width)) return Arrival::kTooLate;
  // A clear that has taken effect takes this one too.
  if (last_clear_ != kNoTime && match.time <= last_clear_) {
    return late ? Arrival::kLate : Arrival::kInTime;
  }
  window_.Insert(match);
  if (!late) return Arrival::kInTime;
  LookAgainAt(decided);
  return Arrival::kLate;
}

// What was decided stays: nothing before T is an instant any more.
void GroupTimeline::LookAgainAt(TimeNs decided) {
  look_again_ = decided;
  last_instant_ = std::max(last_instant_, decided - 1);
}

GroupTimeline::Arrival GroupTimeline::AddClear(TimeNs at, TimeNs decided) {
  if (at >= decided) {
    clears_.insert(std::upper_bound(clears_.begin(), clears_.end(), at), at);
    return Arrival::kInTime;
  }
  if (holds_ && !last_true_.has_value()) last_true_ = ViewOf(window_.Before(decided), decided);
  Clear(at);
  LookAgainAt(decided);
  // What matched after the clear may still hold the alert up; if not, it ends without waiting.
  ended_late_ = true;
  return Arrival::kLate;
}

void GroupTimeline::StartAbsence(TimeNs at) {
  const bool earlier = at < absence_start_ && last_instant_ < at && last_clear_ == kNoTime;
  if (absence_start_ == kNoTime || (absence_start_ != kNever && earlier)) absence_start_ = at;
}

void GroupTimeline::SuspendAbsence() {
  if (rule_->absence && absence_start_ != kNoTime) absence_start_ = kNever;
}

void GroupTimeline::ResumeAbsence(TimeNs at) {
  if (absence_start_ == kNever) absence_start_ = at;
}

void GroupTimeline::Clear(TimeNs at) {
  window_.DropThrough(at);
  last_clear_ = std::max(last_clear_, at);
  if (!rule_->absence) return;
  if (!rule_->grouped) {
    if (absence_start_ != kNoTime) absence_start_ = std::max(absence_start_, at);
  } else if (last_match_ <= at) {
    absence_start_ = kNoTime;
  } else if (absence_start_ <= at) {
    absence_start_ = window_.all().empty() ? last_match_ : window_.all().front().time;
  }
}

TimeNs GroupTimeline::NextInstant() const {
  TimeNs next = NextAlertTimer(rule_->policy, status_);
  const auto consider = [&next, this](TimeNs t) {
    if (t > last_instant_) next = std::min(next, t);
  };
  if (look_again_ != kNoTime) consider(look_again_);
  if (hold_until_ != kNoTime) consider(hold_until_);
  if (!clears_.empty()) consider(clears_.front());
  // From there on, what the last clear took would be too late anyway.
  if (last_clear_ != kNoTime) consider(AddNs(last_clear_, rule_->width));
  if (absence_start_ != kNoTime) {
    consider(AddNs(absence_start_, rule_->width));
    if (rule_->grouped) consider(AddNs(last_match_, rule_->forget));
  }

  const absl::Span<const WindowMatch> all = window_.all();
  if (all.empty()) return next;
  const absl::Span<const WindowMatch> now = window_.At(last_instant_);
  // The first match after the last instant. Matches at or before it that came late were
  // announced by look_again_.
  const WindowMatch* const decided_end =
      now.empty() ? std::upper_bound(all.begin(), all.end(), last_instant_,
                                     [](TimeNs t, const WindowMatch& m) { return t < m.time; })
                  : now.end();
  if (decided_end != all.end()) consider(decided_end->time);
  // Of the matches that leave the window, only two can change the condition: the one that makes
  // the count fall to the threshold, and the one that makes it fall below.
  const auto count = static_cast<int64_t>(now.size());
  for (const int64_t nth : {rule_->threshold + 1, rule_->threshold}) {
    if (nth >= 1 && nth <= count) consider(AddNs(now[count - nth].time, rule_->width));
  }
  return next;
}

bool GroupTimeline::Holds(TimeNs t, int64_t count) const {
  if (!Compare(count, rule_->op, rule_->threshold)) return false;
  if (!rule_->absence) return true;
  return absence_start_ != kNoTime && t >= AddNs(absence_start_, rule_->width);
}

TimelineView GroupTimeline::ViewOf(absl::Span<const WindowMatch> matches, TimeNs t) const {
  TimelineView view;
  view.value = static_cast<int64_t>(matches.size());
  view.exact = window_.ExactAt(t);
  if (matches.size() <= rule_->lines) {
    view.lines.assign(matches.begin(), matches.end());
  } else if (rule_->lines > 0) {
    view.lines.push_back(matches.front());
    const auto newest = matches.subspan(matches.size() - (rule_->lines - 1));
    view.lines.insert(view.lines.end(), newest.begin(), newest.end());
  }
  return view;
}

TimelineView GroupTimeline::ViewAt(TimeNs t) const { return ViewOf(window_.At(t), t); }

// Whether the group of an absence rule ends at `t` because nothing came for so long.
bool GroupTimeline::Forget(TimeNs t) {
  if (!rule_->absence || !rule_->grouped || absence_start_ == kNoTime) return false;
  if (t < AddNs(last_match_, rule_->forget)) return false;
  absence_start_ = kNoTime;
  return true;
}

std::optional<TimelineStep> GroupTimeline::Decide(bool absence_on) {
  const TimeNs t = NextInstant();
  // What the alert showed up to now, should it end here.
  std::optional<TimelineView> before = std::move(last_true_);
  last_true_.reset();
  if (!before.has_value() && holds_) before = ViewOf(window_.Before(t), t);

  bool ended = false;
  if (look_again_ != kNoTime && look_again_ <= t) {
    ended = ended_late_;
    ended_late_ = false;
    look_again_ = kNoTime;
  }
  while (!clears_.empty() && clears_.front() <= t) {
    Clear(clears_.front());
    clears_.erase(clears_.begin());
    ended = true;
  }
  const absl::Span<const WindowMatch> matches = window_.At(t);
  if (rule_->absence && rule_->grouped && !matches.empty()) {
    last_match_ = std::max(last_match_, matches.back().time);
    if (absence_start_ == kNoTime) absence_start_ = matches.front().time;
  }
  if (Forget(t)) ended = true;

  const auto count = static_cast<int64_t>(matches.size());
  bool holds = Holds(t, count);
  if (!absence_on && rule_->absence && !holds_) holds = false;
  if (t < hold_until_ && status_.state == AlertState::kFiring) holds = true;
  const AlertStatus old = status_;
  AlertPolicy policy = rule_->policy;
  if (!absence_on && rule_->absence) policy.hold = kNever;
  const std::optional<AlertState> entered = AdvanceAlert(policy, {t, holds, ended}, &status_);

  std::optional<TimelineStep> step;
  if (entered.has_value()) {
    step.emplace();
    step->time = t;
    step->state = *entered;
    step->value = count;
    step->exact = window_.ExactAt(t);
    const bool over = *entered == AlertState::kResolved || *entered == AlertState::kInactive;
    step->shown = over && before.has_value() ? *std::move(before) : ViewOf(matches, t);
    if (*entered == AlertState::kFiring) step->starts_at = status_.since;
    if (*entered == AlertState::kResolved) step->starts_at = old.since;
  } else if (!holds && status_.state == AlertState::kFiring) {
    last_true_ = std::move(before);
  }
  holds_ = holds;
  count_ = count;
  last_instant_ = t;
  window_.Trim(t, std::max<size_t>(static_cast<size_t>(rule_->threshold) + 1, kMaxTimes));
  return step;
}

std::optional<TimelineStep> GroupTimeline::CertainFiring() const {
  if (status_.state == AlertState::kFiring) return std::nullopt;
  const int64_t needed = rule_->threshold + (rule_->op == Comparison::kGreater ? 1 : 0);
  if (static_cast<int64_t>(window_.all().size()) < needed) return std::nullopt;
  // The same function decides what is certain and what is decided; only the copy runs ahead.
  GroupTimeline ahead = *this;
  while (ahead.NextInstant() != kNever) {
    std::optional<TimelineStep> step = ahead.Decide();
    if (step.has_value() && step->state == AlertState::kFiring) return step;
  }
  return std::nullopt;
}

bool GroupTimeline::IsBlank() const {
  return window_.all().empty() && status_.state == AlertState::kInactive && clears_.empty() &&
         look_again_ == kNoTime && absence_start_ == kNoTime &&
         (last_clear_ == kNoTime || AddNs(last_clear_, rule_->width) <= last_instant_);
}

}  // namespace tallybell
