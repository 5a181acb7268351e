// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/recent_matches.h"

#include <algorithm>
#include <limits>

namespace tallybell {
namespace {

constexpr int64_t kBinCount = RecentMatches::kBins;

int64_t BinOf(TimeNs t) {
  const int64_t bin = t / RecentMatches::kBin;
  return t % RecentMatches::kBin < 0 ? bin - 1 : bin;
}

size_t PlaceOf(int64_t bin) {
  return static_cast<size_t>(((bin % kBinCount) + kBinCount) % kBinCount);
}

}  // namespace

void RecentMatches::Add(TimeNs t) {
  const int64_t bin = BinOf(t);
  if (counts_.empty()) {
    counts_.assign(kBins, 0);
    newest_ = bin;
  }
  if (bin <= newest_ - kBinCount) return;
  if (bin > newest_) {
    const int64_t passed = std::min(bin - newest_, kBinCount);
    for (int64_t i = 0; i < passed; ++i) counts_[PlaceOf(bin - i)] = 0;
    newest_ = bin;
  }
  uint32_t& count = counts_[PlaceOf(bin)];
  if (count < std::numeric_limits<uint32_t>::max()) ++count;
}

std::vector<uint32_t> RecentMatches::Until(TimeNs now) const {
  std::vector<uint32_t> shown;
  if (counts_.empty()) return shown;
  const int64_t last = BinOf(now);
  bool any = false;
  shown.assign(kBins, 0);
  for (size_t i = 0; i < kBins; ++i) {
    const int64_t bin = last - kBinCount + 1 + static_cast<int64_t>(i);
    if (bin > newest_ || bin <= newest_ - kBinCount) continue;
    shown[i] = counts_[PlaceOf(bin)];
    any = any || shown[i] > 0;
  }
  if (!any) shown.clear();
  return shown;
}

}  // namespace tallybell
