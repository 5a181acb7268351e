// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/group_timeline.h"

#include <algorithm>
#include <utility>

namespace tallybell {

// With a key of a dozen bytes a group is 96 bytes and its matches.
static_assert(sizeof(GroupTimeline) <= 56);

const GroupTimeline::Rare& GroupTimeline::NoRare() {
  static const Rare* const kNone = new Rare();
  return *kNone;
}

GroupTimeline::Rare& GroupTimeline::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

bool GroupTimeline::Rare::IsBlank() const {
  return since == kNoTime && false_since == kNoTime && clears.empty() && last_clear == kNoTime &&
         look_again == kNoTime && !ended_late && !last_true.has_value() &&
         absence_start == kNoTime && last_match == kNoTime && hold_until == kNoTime;
}

GroupTimeline::GroupTimeline(const GroupTimeline& other)
    : rule_(other.rule_),
      window_(other.window_),
      last_instant_(other.last_instant_),
      rare_(other.rare_ == nullptr ? nullptr : std::make_unique<Rare>(*other.rare_)),
      count_(other.count_),
      state_(other.state_),
      holds_(other.holds_) {}

AlertStatus GroupTimeline::status() const {
  return {static_cast<AlertState>(state_), seen().since, seen().false_since};
}

void GroupTimeline::SetStatus(const AlertStatus& status) {
  state_ = static_cast<uint8_t>(status.state);
  if (rare_ == nullptr && status.since == kNoTime && status.false_since == kNoTime) return;
  rare().since = status.since;
  rare().false_since = status.false_since;
}

GroupTimeline::Arrival GroupTimeline::AddMatch(const WindowMatch& match, TimeNs decided) {
  const TimeNs time = match.time();
  const bool late = time < decided;
  if (late && time <= SubtractNs(decided, rule_->width)) return Arrival::kTooLate;
  // A clear that has taken effect takes this one too.
  if (rare_ != nullptr && rare_->last_clear != kNoTime && time <= rare_->last_clear) {
    return late ? Arrival::kLate : Arrival::kInTime;
  }
  if (late) LookAgainAt(decided);
  window_.Insert(match, last_instant_, rule_->evidence);
  // As long as T stands still nothing else takes out what comes behind it.
  if (late && window_.decided() > 2 * rule_->Keep()) Trim();
  return late ? Arrival::kLate : Arrival::kInTime;
}

void GroupTimeline::Trim() {
  window_.Trim(SubtractNs(last_instant_, rule_->width), rule_->Truth(), rule_->Keep(),
               rule_->times);
}

// What was decided stays: nothing before T is an instant any more.
void GroupTimeline::LookAgainAt(TimeNs decided) {
  rare().look_again = decided;
  last_instant_ = std::max(last_instant_, decided - 1);
  window_.DecideThrough(last_instant_);
}

GroupTimeline::Arrival GroupTimeline::AddClear(TimeNs at, TimeNs decided) {
  if (at >= decided) {
    rare().clears.insert(at);
    return Arrival::kInTime;
  }
  if (holds_ && !seen().last_true.has_value()) rare().last_true = ViewBefore(decided);
  Clear(at);
  LookAgainAt(decided);
  // What matched after the clear may still hold the alert up; if not, it ends without waiting.
  rare().ended_late = true;
  return Arrival::kLate;
}

void GroupTimeline::StartAbsence(TimeNs at) {
  Rare& own = rare();
  const bool earlier = at < own.absence_start && last_instant_ < at && own.last_clear == kNoTime;
  if (own.absence_start == kNoTime || (own.absence_start != kNever && earlier)) {
    own.absence_start = at;
  }
}

void GroupTimeline::SuspendAbsence() {
  if (rule_->absence && seen().absence_start != kNoTime) rare().absence_start = kNever;
}

void GroupTimeline::ResumeAbsence(TimeNs at) {
  if (seen().absence_start == kNever) rare().absence_start = at;
}

void GroupTimeline::Clear(TimeNs at) {
  window_.DropThrough(at);
  Rare& own = rare();
  own.last_clear = std::max(own.last_clear, at);
  if (!rule_->absence) return;
  if (!rule_->grouped) {
    if (own.absence_start != kNoTime) own.absence_start = std::max(own.absence_start, at);
  } else if (own.last_match <= at) {
    own.absence_start = kNoTime;
  } else if (own.absence_start <= at) {
    own.absence_start = window_.size() == 0 ? own.last_match : window_.At(0).time();
  }
}

TimeNs GroupTimeline::NextInstant() const {
  const Rare& own = seen();
  TimeNs next = state_ == 0 ? kNever : NextAlertTimer(rule_->policy, status());
  const auto consider = [&next, this](TimeNs t) {
    if (t > last_instant_) next = std::min(next, t);
  };
  if (own.look_again != kNoTime) consider(own.look_again);
  if (own.hold_until != kNoTime) consider(own.hold_until);
  if (!own.clears.empty()) consider(*own.clears.begin());
  // From there on, what the last clear took would be too late anyway.
  if (own.last_clear != kNoTime) consider(AddNs(own.last_clear, rule_->width));
  if (own.absence_start != kNoTime) {
    consider(AddNs(own.absence_start, rule_->width));
    if (rule_->grouped) consider(AddNs(own.last_match, rule_->forget));
  }

  // The first match after the last instant. Matches at or before it that came late were announced
  // by look_again.
  const size_t decided = window_.decided();
  if (decided < window_.size()) consider(window_.At(decided).time());
  if (decided == 0) return next;
  // Of the matches that leave the window, only two can change the condition: the one that makes
  // the count fall to the threshold, and the one that makes it fall below. With the newest the
  // group has nothing left, and may go.
  const auto leaves = [&](size_t index) {
    consider(AddNs(window_.At(index).time(), rule_->width));
  };
  const auto threshold = static_cast<size_t>(rule_->threshold);
  const TimeNs left = SubtractNs(last_instant_, rule_->width);
  for (const size_t nth : {threshold + 1, threshold}) {
    if (nth < 1 || nth > decided) continue;
    if (window_.At(decided - nth).time() > left) leaves(decided - nth);
  }
  if (!rule_->absence) leaves(decided - 1);
  return next;
}

bool GroupTimeline::Holds(TimeNs t, int64_t count) const {
  if (!Compare(count, rule_->op, rule_->threshold)) return false;
  if (!rule_->absence) return true;
  const TimeNs start = seen().absence_start;
  return start != kNoTime && t >= AddNs(start, rule_->width);
}

TimelineView GroupTimeline::ViewOf(SlidingWindow::Range matches, TimeNs t) const {
  TimelineView view;
  view.value = static_cast<int64_t>(matches.size());
  view.exact = window_.ExactAt(rule_->width, t);
  if (rule_->lines == 0 || matches.size() == 0) return view;
  const size_t newest = std::min(rule_->lines, matches.size()) - 1;
  view.lines.push_back(window_.At(matches.begin));
  for (size_t i = matches.end - newest; i < matches.end; ++i) {
    view.lines.push_back(window_.At(i));
  }
  return view;
}

TimelineView GroupTimeline::ViewAt(TimeNs t) const {
  return ViewOf(window_.In(rule_->width, t), t);
}

// What an instant just before `t` sees.
TimelineView GroupTimeline::ViewBefore(TimeNs t) const { return ViewAt(SubtractNs(t, 1)); }

TimeNs GroupTimeline::newest() const {
  return window_.size() == 0 ? kNoTime : window_.At(window_.size() - 1).time();
}

// Whether the group of an absence rule ends at `t` because nothing came for so long.
bool GroupTimeline::Forget(TimeNs t) {
  if (!rule_->absence || !rule_->grouped || seen().absence_start == kNoTime) return false;
  if (t < AddNs(seen().last_match, rule_->forget)) return false;
  rare().absence_start = kNoTime;
  return true;
}

// Lets what ends an alert at `t` take effect, and says whether anything did.
bool GroupTimeline::TakeEndings(TimeNs t) {
  if (rare_ == nullptr) return false;
  bool ended = false;
  if (rare_->look_again != kNoTime && rare_->look_again <= t) {
    ended = rare_->ended_late;
    rare_->ended_late = false;
    rare_->look_again = kNoTime;
  }
  while (!rare_->clears.empty() && *rare_->clears.begin() <= t) {
    Clear(*rare_->clears.begin());
    rare_->clears.erase(rare_->clears.begin());
    ended = true;
  }
  return ended;
}

std::optional<TimelineStep> GroupTimeline::Step(bool absence_on) {
  const TimeNs t = NextInstant();
  const AlertStatus old = status();
  // What the alert showed up to now, should it end here.
  std::optional<TimelineView> before;
  if (rare_ != nullptr) before = std::exchange(rare_->last_true, std::nullopt);
  if (!before.has_value() && holds_) before = ViewBefore(t);

  bool ended = TakeEndings(t);
  window_.DecideThrough(t);
  const SlidingWindow::Range matches = {window_.FirstAfter(SubtractNs(t, rule_->width)),
                                        window_.decided()};
  if (rule_->absence && rule_->grouped && matches.size() > 0) {
    Rare& own = rare();
    own.last_match = std::max(own.last_match, window_.At(matches.end - 1).time());
    if (own.absence_start == kNoTime) own.absence_start = window_.At(matches.begin).time();
  }
  if (Forget(t)) ended = true;

  const auto count = static_cast<int64_t>(matches.size());
  bool holds = Holds(t, count);
  if (!absence_on && rule_->absence && !holds_) holds = false;
  if (t < seen().hold_until && old.state == AlertState::kFiring) holds = true;
  AlertPolicy policy = rule_->policy;
  if (!absence_on && rule_->absence) policy.hold = kNever;
  AlertStatus status = old;
  const std::optional<AlertState> entered = AdvanceAlert(policy, {t, holds, ended}, &status);
  SetStatus(status);

  std::optional<TimelineStep> step;
  if (entered.has_value()) {
    step.emplace();
    step->time = t;
    step->state = *entered;
    step->value = count;
    step->exact = window_.ExactAt(rule_->width, t);
    const bool over = *entered == AlertState::kResolved || *entered == AlertState::kInactive;
    step->shown = over && before.has_value() ? *std::move(before) : ViewOf(matches, t);
    if (*entered == AlertState::kFiring) step->starts_at = status.since;
    if (*entered == AlertState::kResolved) step->starts_at = old.since;
  } else if (!holds && status.state == AlertState::kFiring) {
    rare().last_true = std::move(before);
  }
  holds_ = holds;
  count_ = static_cast<int32_t>(count);
  last_instant_ = t;
  return step;
}

std::optional<TimelineStep> GroupTimeline::Decide(bool absence_on) {
  std::optional<TimelineStep> step = Step(absence_on);
  Trim();
  if (rare_ == nullptr) return step;
  // What it took would be too late by now.
  if (!rule_->absence && rare_->last_clear != kNoTime &&
      AddNs(rare_->last_clear, rule_->width) <= last_instant_) {
    rare_->last_clear = kNoTime;
  }
  if (rare_->IsBlank()) rare_.reset();
  return step;
}

// Whether only the count can change what the alert is.
bool GroupTimeline::IsQuiet() const {
  if (rule_->absence || !rule_->OnlyGrows() || rule_->Enough() < 1) return false;
  const auto state = static_cast<AlertState>(state_);
  if (state != (holds_ ? AlertState::kFiring : AlertState::kInactive)) return false;
  const Rare& own = seen();
  return own.false_since == kNoTime && own.clears.empty() && own.last_clear == kNoTime &&
         own.look_again == kNoTime && !own.last_true.has_value() && own.hold_until == kNoTime;
}

std::optional<GroupTimeline::Quiet> GroupTimeline::DecideQuiet(TimeNs t) {
  if (!IsQuiet()) return std::nullopt;
  const SlidingWindow::Run run =
      window_.DecideRun(holds_, static_cast<size_t>(rule_->Enough()), rule_->width, t);
  if (run.decided == 0) return std::nullopt;
  last_instant_ = run.last;
  count_ = static_cast<int32_t>(run.count);
  Trim();
  return Quiet{static_cast<int64_t>(run.peak), run.peak_at};
}

// Where neither `for` nor anything but matches has a say, the first match with enough others
// behind it is the instant.
std::optional<TimelineStep> GroupTimeline::FirstEnough() const {
  const auto enough = static_cast<size_t>(rule_->Enough());
  const size_t found = window_.FirstDense(enough, rule_->width);
  if (found == window_.size()) return std::nullopt;
  TimelineStep step;
  step.time = window_.At(found).time();
  step.state = AlertState::kFiring;
  step.shown = ViewAt(step.time);
  step.value = step.shown.value;
  step.exact = step.shown.exact;
  step.starts_at = step.time;
  return step;
}

// The same function decides what is certain and what is decided; only the copy runs ahead.
std::optional<TimelineStep> GroupTimeline::LookAhead() const {
  GroupTimeline ahead = *this;
  while (ahead.NextInstant() != kNever) {
    std::optional<TimelineStep> step = ahead.Step(/*absence_on=*/true);
    if (step.has_value() && step->state == AlertState::kFiring) return step;
  }
  return std::nullopt;
}

std::optional<TimelineStep> GroupTimeline::CertainFiring() const {
  if (state_ == static_cast<uint8_t>(AlertState::kFiring)) return std::nullopt;
  if (static_cast<int64_t>(window_.size()) < rule_->Enough()) return std::nullopt;
  const Rare& own = seen();
  const bool plain = rule_->policy.hold == 0 && own.clears.empty() && own.look_again == kNoTime;
  return plain ? FirstEnough() : LookAhead();
}

bool GroupTimeline::IsBlank() const {
  const Rare& own = seen();
  return window_.size() == 0 && state_ == static_cast<uint8_t>(AlertState::kInactive) &&
         own.clears.empty() && own.look_again == kNoTime && own.absence_start == kNoTime &&
         (own.last_clear == kNoTime || AddNs(own.last_clear, rule_->width) <= last_instant_);
}

}  // namespace tallybell
