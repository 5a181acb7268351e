// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/file_glob.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <utility>

namespace tallybell {
namespace {

// The directory of `pattern` as far as it is the same for all that it fits and exists.
std::string WatchableDirectory(const std::string& pattern) {
  std::string directory = DirectoryOf(pattern.substr(0, pattern.find_first_of("*?[\\")) + "x");
  struct stat facts;
  while (stat(directory.c_str(), &facts) != 0 && directory != "." && directory != "/") {
    directory = DirectoryOf(directory);
  }
  return directory;
}

}  // namespace

FileGlob FileGlob::Find(const std::vector<std::string>& patterns) {
  FileGlob found;
  for (const std::string& pattern : patterns) {
    found.directories.insert(WatchableDirectory(pattern));
    if (pattern.find_first_of("*?[") == std::string::npos) {
      found.Add(pattern, /*literal=*/true);
      continue;
    }
    glob_t names = {};
    if (glob(pattern.c_str(), 0, nullptr, &names) == 0) {
      for (size_t i = 0; i < names.gl_pathc; ++i) found.Add(names.gl_pathv[i], false);
    }
    globfree(&names);
  }
  return found;
}

void FileGlob::Add(const std::string& path, bool literal) {
  struct stat facts;
  if (stat(path.c_str(), &facts) != 0) {
    // A link that leads nowhere, or a file that comes later, is no fault.
    if (errno != ENOENT && errno != ENOTDIR) refused.push_back({path, strerror(errno)});
    return;
  }
  if (S_ISDIR(facts.st_mode) && !literal) return;
  if (!S_ISREG(facts.st_mode)) {
    refused.push_back({path, "is not a regular file"});
    return;
  }
  directories.insert(DirectoryOf(path));
  struct stat link;
  if (lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode)) {
    std::string real = RealDirectoryOf(path);
    if (!real.empty()) directories.insert(std::move(real));
  }
  if (!seen_.insert({facts.st_dev, facts.st_ino}).second) return;
  const TimeNs modified = facts.st_mtim.tv_sec * kSecond + facts.st_mtim.tv_nsec;
  const TimeNs changed = facts.st_ctim.tv_sec * kSecond + facts.st_ctim.tv_nsec;
  const uint64_t size = facts.st_size;
  files.push_back({path, facts.st_dev, facts.st_ino, modified, changed, size, false});
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string RealDirectoryOf(const std::string& path) {
  char* const real = realpath(path.c_str(), nullptr);
  if (real == nullptr) return "";
  std::string directory = DirectoryOf(real);
  free(real);
  return directory;
}

}  // namespace tallybell
