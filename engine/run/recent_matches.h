// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_RECENT_MATCHES_H_
#define TALLYBELL_ENGINE_RUN_RECENT_MATCHES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/time_ns.h"

namespace tallybell {

// How many records a rule counted in each ten minutes of the last day, by the time that the records
// state: what the status page draws (docs/status-page.md). It is not part of the state file, so it
// begins with the process. A plain value of at most 600 bytes; one without matches holds nothing.
class RecentMatches {
 public:
  static constexpr DurationNs kBin = 10 * kMinute;
  static constexpr size_t kBins = 144;

  // A record of `t`; one that is a day older than the newest is left out.
  void Add(TimeNs t);

  // The counts of the kBins bins that end with the one of `now`, oldest first; empty if there is
  // none above 0. A count is at most 2^32 - 1.
  std::vector<uint32_t> Until(TimeNs now) const;

 private:
  std::vector<uint32_t> counts_;  // of bin b at b % kBins; empty before the first
  int64_t newest_ = 0;            // the newest bin: t / kBin, rounded down
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_RECENT_MATCHES_H_
