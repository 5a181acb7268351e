// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_STORE_FILE_IDENTITY_H_
#define TALLYBELL_ENGINE_STORE_FILE_IDENTITY_H_

#include <sys/stat.h>

#include <optional>
#include <string>

namespace tallybell {

// Which file a name leads to. Two are the same file only while somebody holds one of them open: an
// inode that is free is used again at once.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;

  // Nothing if the name leads nowhere, or cannot be followed.
  static std::optional<FileIdentity> Of(const std::string& path) {
    struct stat facts;
    if (stat(path.c_str(), &facts) != 0) return std::nullopt;
    return FileIdentity{facts.st_dev, facts.st_ino};
  }
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_FILE_IDENTITY_H_
