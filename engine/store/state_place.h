// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Where a state file can be kept. SQLite would find out too, but late, and without the reason.
#ifndef TALLYBELL_ENGINE_STORE_STATE_PLACE_H_
#define TALLYBELL_ENGINE_STORE_STATE_PLACE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tallybell {

// The name of the network file system that has this f_type of statfs(2); empty for any other. What
// runs in user space (FUSE) may be on a local disk as well as not, and is no network here.
absl::string_view NetworkFileSystem(uint64_t type);

// Whether a file can be kept at `path`, which is there or not. InvalidArgument if that is no
// regular file, or on a network file system that is not allowed; PermissionDenied if the directory
// or the file cannot be written; otherwise what the system says.
absl::Status CheckStatePlace(const std::string& path, bool allow_network);

// Makes what was created, renamed or removed in the directory of `path` outlast a loss of power.
absl::Status SyncDirectoryOf(const std::string& path);

// The directory of `path`.
std::string StateDirectoryOf(const std::string& path);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_STATE_PLACE_H_
