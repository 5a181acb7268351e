// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_WINDOW_WINDOW_MATCH_H_
#define TALLYBELL_ENGINE_WINDOW_WINDOW_MATCH_H_

#include <cstdint>

#include "engine/base/time_ns.h"

namespace tallybell {

// One record that counts, as windows keep it: when it was, and where its line and its place are
// found. Twelve bytes, since a million groups keep some each; so the time is in two halves.
class WindowMatch {
 public:
  // The evidence of a match whose line nobody keeps.
  static constexpr uint32_t kNoEvidence = UINT32_MAX;

  WindowMatch() : WindowMatch(kNoTime) {}
  // `evidence`: handle of the line in an EvidenceRing.
  explicit WindowMatch(TimeNs time, uint32_t evidence = kNoEvidence)
      : low_(static_cast<uint32_t>(static_cast<uint64_t>(time))),
        high_(static_cast<uint32_t>(static_cast<uint64_t>(time) >> 32)),
        evidence_(evidence) {}

  TimeNs time() const {
    return static_cast<TimeNs>(static_cast<uint64_t>(high_) << 32 | static_cast<uint64_t>(low_));
  }
  uint32_t evidence() const { return evidence_; }

 private:
  uint32_t low_;
  uint32_t high_;
  uint32_t evidence_;
};

static_assert(sizeof(WindowMatch) == 12);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_WINDOW_WINDOW_MATCH_H_
