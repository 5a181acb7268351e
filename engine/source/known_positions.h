// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_KNOWN_POSITIONS_H_
#define TALLYBELL_ENGINE_SOURCE_KNOWN_POSITIONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/source/file_position.h"
#include "engine/source/tailed_file.h"

namespace tallybell {

// Positions of files that are not open: those of the last run, and of files that were released.
// Each is believed only by a file whose content it fits. Not thread-safe.
class KnownPositions {
 public:
  // So many released files are remembered, the newest.
  static constexpr size_t kMaxRemembered = 1000;

  explicit KnownPositions(std::vector<FilePosition> stored) : stored_(std::move(stored)) {}

  struct Match {
    bool fits = false;
    // Was stored, and what it says of this inode is not true any more.
    bool rejected = false;
    // The one that fits, or the newest of those that do not.
    FilePosition position;
  };

  // Takes out all positions of `file`'s inode; nullopt if there are none. Devices may change their
  // number between runs, so one of another device counts if it fits. Stored ones that were taken
  // and are not of the same key go to `*forgotten`.
  std::optional<Match> Take(const TailedFile& file, std::vector<FilePosition>* forgotten);

  // Of a file that is released while a name still leads to it.
  void Remember(FilePosition position);

  // The stored ones that no file has taken yet.
  std::vector<FilePosition>& stored() { return stored_; }

 private:
  std::vector<FilePosition> stored_;
  std::vector<FilePosition> remembered_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_KNOWN_POSITIONS_H_
