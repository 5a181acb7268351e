// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/support/timeline_oracle.h"

#include <algorithm>
#include <set>

namespace tallybell {
namespace {

// count(t) = the matches e with t - W < e <= t and no clear in [e, t].
int64_t CountAt(const OracleInput& in, TimeNs t) {
  int64_t count = 0;
  for (const TimeNs e : in.matches) {
    if (!(t - in.rule.width < e && e <= t)) continue;
    const bool cleared =
        std::any_of(in.clears.begin(), in.clears.end(), [&](TimeNs c) { return e <= c && c <= t; });
    if (!cleared) ++count;
  }
  return count;
}

TimeNs LastClear(const OracleInput& in, TimeNs t) {
  TimeNs last = kNoTime;
  for (const TimeNs c : in.clears) {
    if (c <= t) last = std::max(last, c);
  }
  return last;
}

// From when on absence has been watched at `t`; kNoTime if it is not watched then.
TimeNs WatchedSince(const OracleInput& in, TimeNs t) {
  const TimeNs clear = LastClear(in, t);
  if (!in.rule.grouped) {
    if (in.first_record == kNoTime || in.first_record > t) return kNoTime;
    return std::max(in.first_record, clear);
  }
  std::vector<TimeNs> matches;
  for (const TimeNs e : in.matches) {
    if (e > clear && e <= t) matches.push_back(e);
  }
  std::sort(matches.begin(), matches.end());
  TimeNs start = kNoTime;
  TimeNs last = kNoTime;
  for (const TimeNs e : matches) {
    if (start == kNoTime || e >= last + in.rule.forget) {
      // A match at the very instant of being forgotten is a new last match instead.
      if (start == kNoTime || e > last + in.rule.forget) start = e;
    }
    last = e;
  }
  if (start == kNoTime || t >= last + in.rule.forget) return kNoTime;
  return start;
}

bool HoldsAt(const OracleInput& in, TimeNs t) {
  if (!Compare(CountAt(in, t), in.rule.op, in.rule.threshold)) return false;
  if (!in.rule.absence) return true;
  const TimeNs since = WatchedSince(in, t);
  return since != kNoTime && t >= since + in.rule.width;
}

}  // namespace

std::vector<OracleStep> OracleTimeline(const OracleInput& in) {
  // Every time at which the condition may change.
  std::set<TimeNs> instants;
  std::set<TimeNs> endings;  // where nothing keeps firing
  for (const TimeNs e : in.matches) {
    instants.insert({e, e + in.rule.width});
    if (in.rule.absence && in.rule.grouped) instants.insert(e + in.rule.forget);
  }
  for (const TimeNs c : in.clears) {
    instants.insert({c, c + in.rule.width});
    endings.insert(c);
  }
  if (in.rule.absence && in.first_record != kNoTime) {
    instants.insert(in.first_record + in.rule.width);
  }
  if (in.rule.absence && in.rule.grouped) {
    for (const TimeNs t : instants) {
      if (WatchedSince(in, t) == kNoTime) endings.insert(t);
    }
  }

  // The stretches [from, to) in which it holds.
  struct Stretch {
    TimeNs from;
    TimeNs to;
  };
  std::vector<Stretch> stretches;
  bool holding = false;
  for (const TimeNs t : instants) {
    const bool holds = HoldsAt(in, t);
    if (holds && !holding) stretches.push_back({t, kNever});
    if (!holds && holding) stretches.back().to = t;
    holding = holds;
  }

  std::vector<OracleStep> steps;
  const auto add = [&](TimeNs t, AlertState state) {
    if (t != kNever && t <= in.end) steps.push_back({t, state, CountAt(in, t)});
  };
  TimeNs resolves = kNoTime;  // of the alert that fires, unless it holds again by then
  bool firing = false;
  for (const Stretch& stretch : stretches) {
    if (firing && stretch.from > resolves) {
      add(resolves, AlertState::kResolved);
      firing = false;
    }
    if (!firing) {
      const TimeNs fires = AddNs(stretch.from, in.rule.policy.hold);
      if (in.rule.policy.hold > 0) add(stretch.from, AlertState::kPending);
      if (fires >= stretch.to) {
        add(stretch.to, AlertState::kInactive);
        continue;
      }
      add(fires, AlertState::kFiring);
      firing = true;
    }
    resolves = stretch.to == kNever ? kNever : AddNs(stretch.to, in.rule.policy.keep_firing_for);
    const auto ending = endings.lower_bound(stretch.to);
    if (ending != endings.end()) resolves = std::min(resolves, *ending);
  }
  if (firing) add(resolves, AlertState::kResolved);
  return steps;
}

}  // namespace tallybell
