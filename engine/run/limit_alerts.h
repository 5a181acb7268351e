// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LIMIT_ALERTS_H_
#define TALLYBELL_ENGINE_RUN_LIMIT_ALERTS_H_

#include <map>
#include <string>

#include "engine/base/time_ns.h"
#include "engine/run/evaluator.h"
#include "engine/run/meta_alerts.h"

namespace tallybell {

// The meta-alerts TallybellLimitReached{limit="groups"} and {limit="alerts"} of each rule that has
// more groups than it may, or more alerts than receivers are told. Rules of one name share theirs.
//
// Belongs to the evaluation thread.
class LimitAlerts {
 public:
  static constexpr char kName[] = "TallybellLimitReached";
  // How often a number that has changed is told again.
  static constexpr DurationNs kEvery = 10 * kSecond;

  // `now` is the wall clock, as is what the receivers are told.
  void Tell(const Evaluator& evaluator, TimeNs now, MetaAlerts* alerts);

  // Other rules are in force: everything is told anew, and what has no rule any more ends.
  void Reload(const Evaluator& evaluator, TimeNs now, MetaAlerts* alerts);

 private:
  struct OfRule {
    bool refuses_groups = false;
    bool room = true;  // for groups, with some to spare
    size_t untold = 0;
    size_t told = 0;

    friend bool operator==(const OfRule& a, const OfRule& b) {
      return a.refuses_groups == b.refuses_groups && a.room == b.room && a.untold == b.untold &&
             a.told == b.told;
    }
    // Whether it is another story, not another number.
    bool SameAlerts(const OfRule& other) const {
      return refuses_groups == other.refuses_groups && room == other.room &&
             (untold > 0) == (other.untold > 0);
    }
  };

  static void TellRule(const std::string& rule, const OfRule& now_is, TimeNs now,
                       MetaAlerts* alerts);

  // How often it is looked at all: there may be a thousand rules.
  static constexpr DurationNs kLookEvery = 100 * kMillisecond;

  bool first_ = true;
  TimeNs looked_ = kNoTime;
  TimeNs numbers_told_ = kNoTime;
  std::map<std::string, OfRule> known_;  // by the rule's name
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LIMIT_ALERTS_H_
