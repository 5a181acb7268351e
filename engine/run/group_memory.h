// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_GROUP_MEMORY_H_
#define TALLYBELL_ENGINE_RUN_GROUP_MEMORY_H_

#include <cstddef>

#include "engine/window/evidence_ring.h"
#include "engine/window/times_ring.h"

namespace tallybell {

// What the groups of all rules share, and what bounds them together (docs/reliability.md). Not
// thread-safe; outlives the groups.
struct GroupMemory {
  struct Options {
    size_t max_groups = 1'000'000;  // of all rules
    size_t evidence_bytes = EvidenceRing::kDefaultCapacity;
    size_t times_bytes = TimesRing::kDefaultCapacity;
  };

  // What a match or a clear that waits for its instant counts for, in bytes.
  static constexpr size_t kUndecidedBytes = 32;

  GroupMemory() : GroupMemory(Options()) {}
  explicit GroupMemory(const Options& options)
      : max_groups(options.max_groups),
        evidence(options.evidence_bytes),
        times(options.times_bytes) {}

  const size_t max_groups;
  size_t groups = 0;     // of all rules
  size_t undecided = 0;  // matches and clears of all rules that are not decided yet
  EvidenceRing evidence;
  TimesRing times;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_GROUP_MEMORY_H_
