// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MATCH_MATCHED_RECORD_H_
#define TALLYBELL_ENGINE_MATCH_MATCHED_RECORD_H_

#include <cstdint>

#include "engine/base/time_ns.h"
#include "engine/match/rule_matches.h"

namespace tallybell {

// A record that some rule counts or clears, at its place in its source. May leave the block that it
// was read from unless its evidence is lent.
struct MatchedRecord {
  TimeNs time = kNoTime;
  uint32_t file = 0;    // number of the file that it stands in: what evidence names
  uint64_t offset = 0;  // bytes from that file's decompressed beginning
  RuleMatches matches;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MATCH_MATCHED_RECORD_H_
