// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MATCH_RULE_MATCH_H_
#define TALLYBELL_ENGINE_MATCH_RULE_MATCH_H_

#include <cstdint>
#include <string>

#include "absl/container/inlined_vector.h"
#include "engine/base/time_ns.h"
#include "engine/match/lent_text.h"

namespace tallybell {

// One record counts for one rule, or clears it.
struct RuleMatch {
  uint32_t rule = 0;  // place in the RuleSet
  bool clear = false;
  uint16_t missing = 0;  // values of `by` that the record has not
  std::string group;     // GroupKey of the values of the rule's `by`; redacted, bounded
  LentText evidence;     // the line, cut around the match; redacted
};

// Most records count for one rule.
using RuleMatches = absl::InlinedVector<RuleMatch, 1>;

// A record that some rule counts or clears, at its place in its source. May leave the block that it
// was read from unless its evidence is lent.
struct MatchedRecord {
  TimeNs time = kNoTime;
  uint32_t file = 0;    // number of the file that it stands in: what evidence names
  uint64_t offset = 0;  // bytes from that file's decompressed beginning
  RuleMatches matches;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MATCH_RULE_MATCH_H_
