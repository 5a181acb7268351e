// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_RULE_CLOCKS_H_
#define TALLYBELL_ENGINE_RUN_RULE_CLOCKS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"
#include "rules/rule.h"

namespace tallybell {

// T of every rule: the least of (complete to - lateness) over the sources that the rule's `from`
// could select (docs/semantics.md, "When it is known"). Rules that select the same sources share
// one clock. Not thread-safe.
class RuleClocks {
 public:
  // `rules` outlives it.
  explicit RuleClocks(const RuleSet* rules);

  // A source that may bring records of any of `streams`. Until its first Progress it holds its
  // rules' clocks where they are. Returns its number: 0, 1, 2…
  uint32_t AddSource(const std::vector<Labels>& streams, DurationNs lateness);

  // The source has told all up to `complete_to`; going back is ignored.
  void Progress(uint32_t source, TimeNs complete_to);

  // A source that is not live (stuck, gone, ended) holds no clock.
  void SetLive(uint32_t source, bool live);

  struct Clock {
    std::vector<uint32_t> rules;    // ascending
    std::vector<uint32_t> sources;  // ascending
    TimeNs t = kNoTime;             // never goes back
    uint32_t slowest = 0;           // the source that holds it, if any does
    bool held = false;              // by a live source
  };
  // A new source may split a clock: indices change only in AddSource.
  absl::Span<const Clock> clocks() const { return clocks_; }
  size_t clock_of(uint32_t rule) const { return clock_of_[rule]; }
  bool Selects(uint32_t rule, uint32_t source) const;

 private:
  struct Source {
    TimeNs complete_to = kNoTime;
    DurationNs lateness = 0;
    bool live = true;
  };

  void Recompute(Clock* clock);

  const RuleSet* const rules_;
  std::vector<Source> sources_;
  std::vector<Clock> clocks_;
  std::vector<size_t> clock_of_;  // by rule
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_RULE_CLOCKS_H_
