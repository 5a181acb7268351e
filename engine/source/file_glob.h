// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_FILE_GLOB_H_
#define TALLYBELL_ENGINE_SOURCE_FILE_GLOB_H_

#include <sys/stat.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "engine/base/time_ns.h"

namespace tallybell {

// What some paths and patterns lead to now.
struct FileGlob {
  struct File {
    std::string path;
    uint64_t device = 0;
    uint64_t inode = 0;
    TimeNs modified = 0;
    TimeNs changed = 0;  // its inode
    uint64_t size = 0;
    // Not to be read, for a reason that is not the file's.
    bool left_out = false;
  };
  struct Refused {
    std::string path;
    std::string reason;
  };

  // Regular files, links followed, in the order of the patterns and then of the names. A file that
  // several paths lead to stands here once, under the first.
  std::vector<File> files;
  // What is there and cannot be read as a file. Directories that a pattern fits are no files.
  std::vector<Refused> refused;
  // Where to watch for changes: the directories of the files, of what links lead to, and of the
  // patterns.
  std::set<std::string> directories;

  // A path without * ? [ is taken as it is.
  static FileGlob Find(const std::vector<std::string>& patterns);

 private:
  void Add(const std::string& path, bool literal);
  std::set<std::pair<uint64_t, uint64_t>> seen_;
};

// The part of `path` before its last slash: "." or "/" where that is nothing.
std::string DirectoryOf(const std::string& path);

// The directory of the file that the links in `path` lead to; empty if they lead nowhere.
std::string RealDirectoryOf(const std::string& path);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_FILE_GLOB_H_
