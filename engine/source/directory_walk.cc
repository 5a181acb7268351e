// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/directory_walk.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tallybell {

namespace fs = std::filesystem;

DirectoryWalk DirectoryWalk::Of(const std::string& path) {
  DirectoryWalk walk;
  const absl::string_view trimmed = absl::StripSuffix(path, "/");
  walk.Enter(std::string(trimmed.empty() ? "/" : trimmed), 0);
  if (walk.files.size() > kMaxFiles) {
    walk.files.resize(kMaxFiles);
    walk.notes.push_back(
        absl::StrCat(path, ": only the first ", kMaxFiles, " of its files are read"));
  }
  return walk;
}

void DirectoryWalk::Enter(const std::string& path, int depth) {
  std::error_code error;
  std::vector<std::string> names;
  fs::directory_iterator it(path, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    std::string name = it->path().filename().string();
    if (name[0] != '.') names.push_back(std::move(name));
  }
  if (error) {
    notes.push_back(absl::StrCat(path, ": not read to its end: ", error.message()));
  }
  std::sort(names.begin(), names.end());
  const bool of_container = std::binary_search(names.begin(), names.end(), "config.v2.json");
  for (const std::string& name : names) {
    if (files.size() > kMaxFiles) return;
    const std::string inner = absl::StrCat(path, "/", name);
    const fs::file_status status = fs::symlink_status(inner, error);
    if (fs::is_directory(status)) {
      if (depth < kMaxDepth) {
        Enter(inner, depth + 1);
      } else {
        notes.push_back(absl::StrCat(inner, ": not read: directories are too deep"));
      }
    } else if (fs::is_regular_file(fs::status(inner, error)) &&
               (!of_container || absl::StrContains(name, "-json.log"))) {
      files.push_back(inner);
    }
  }
}

}  // namespace tallybell
