// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How a state file comes into being: whole or not at all. It is written under another name, brought
// to the disk and renamed, so that a file that is empty or half a one was never left by tallybell.
// Private to the store.
#ifndef TALLYBELL_ENGINE_STORE_STATE_IMAGE_H_
#define TALLYBELL_ENGINE_STORE_STATE_IMAGE_H_

#include <string>

#include "absl/status/status.h"

struct sqlite3;

namespace tallybell {

// Makes a state file at `path`, where there is none, with nothing in it. Errors as of
// StatusOfSqlite.
absl::Status MakeStateFile(const std::string& path);

// Makes one that says what `db` says, which has no transaction open. Whatever stands at `path` is
// replaced; a write-ahead log there is removed.
absl::Status CopyStateFile(sqlite3* db, const std::string& path);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_STATE_IMAGE_H_
