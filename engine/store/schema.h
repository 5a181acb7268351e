// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The tables of the state file. Private to the store.
#ifndef TALLYBELL_ENGINE_STORE_SCHEMA_H_
#define TALLYBELL_ENGINE_STORE_SCHEMA_H_

#include <cstdint>

#include "absl/status/status.h"

struct sqlite3;

namespace tallybell {

// "Tlyb", at the place where SQLite files say whose they are.
inline constexpr int64_t kApplicationId = 0x546c7962;
// Counts up with every change of the tables.
inline constexpr int64_t kSchemaVersion = 1;

// Whether the file is tallybell's and of a version that this code reads. Writes nothing. Sets
// `*empty` if nothing is in it yet. FailedPrecondition, DataLoss.
absl::Status CheckSchema(sqlite3* db, bool* empty);

// Makes the tables in an empty file, in one transaction.
absl::Status CreateSchema(sqlite3* db);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_SCHEMA_H_
