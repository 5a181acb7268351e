// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/known_positions.h"

#include <utility>

namespace tallybell {

std::optional<KnownPositions::Match> KnownPositions::Take(const TailedFile& file,
                                                          std::vector<FilePosition>* forgotten) {
  std::optional<Match> best;
  const auto take_from = [&](std::vector<FilePosition>* positions, bool stored) {
    std::vector<FilePosition> others;
    for (FilePosition& position : *positions) {
      const bool same_device = position.device == file.identity().device;
      const bool fits = file.IsAt(position);
      if (position.inode != file.identity().inode || (!same_device && !fits)) {
        others.push_back(std::move(position));
        continue;
      }
      if (stored) forgotten->push_back(position);
      const bool newer = !best.has_value() || (fits && !best->fits) ||
                         (fits == best->fits && position.generation > best->position.generation);
      if (newer) best = Match{fits, stored && !fits, std::move(position)};
    }
    *positions = std::move(others);
  };
  take_from(&stored_, true);
  take_from(&remembered_, false);
  return best;
}

void KnownPositions::Remember(FilePosition position) {
  if (remembered_.size() >= kMaxRemembered) remembered_.erase(remembered_.begin());
  remembered_.push_back(std::move(position));
}

}  // namespace tallybell
