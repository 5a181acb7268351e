// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_DIRECTORY_WALK_H_
#define TALLYBELL_ENGINE_SOURCE_DIRECTORY_WALK_H_

#include <cstddef>
#include <string>
#include <vector>

namespace tallybell {

// The files in a directory and in those below it, in the order of their names. Hidden ones are left
// out, and so is what docker keeps beside the log of a container. Links to files are followed,
// links to directories are not.
struct DirectoryWalk {
  static constexpr int kMaxDepth = 32;
  static constexpr size_t kMaxFiles = 100'000;

  std::vector<std::string> files;
  // What could not be listed, and what was left out because there is too much.
  std::vector<std::string> notes;

  static DirectoryWalk Of(const std::string& path);

 private:
  void Enter(const std::string& path, int depth);
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_DIRECTORY_WALK_H_
