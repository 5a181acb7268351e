// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The timeline of one rule and one group, written as a person would work it out on paper: from
// all times at once, without a window, a state machine or an order of arrival. It is slow and
// meant to be obvious; what the engine does must equal it.
#ifndef TALLYBELL_TESTS_SUPPORT_TIMELINE_ORACLE_H_
#define TALLYBELL_TESTS_SUPPORT_TIMELINE_ORACLE_H_

#include <ostream>
#include <vector>

#include "engine/base/time_ns.h"
#include "engine/model/alert.h"
#include "engine/run/group_timeline.h"

namespace tallybell {

struct OracleInput {
  TimelineRule rule;
  std::vector<TimeNs> matches;    // any order
  std::vector<TimeNs> clears;     // any order
  TimeNs first_record = kNoTime;  // of any stream of `from`; for absence without `by`
  TimeNs end = kNever;            // instants up to it are decided
};

struct OracleStep {
  TimeNs time;
  AlertState state;
  int64_t value;

  friend bool operator==(const OracleStep& a, const OracleStep& b) {
    return a.time == b.time && a.state == b.state && a.value == b.value;
  }
  friend std::ostream& operator<<(std::ostream& out, const OracleStep& step) {
    return out << step.time << " " << AlertStateName(step.state) << " " << step.value;
  }
};

std::vector<OracleStep> OracleTimeline(const OracleInput& input);

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_SUPPORT_TIMELINE_ORACLE_H_
