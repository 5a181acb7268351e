// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The tables of the state file. Private to the store.
#ifndef TALLYBELL_ENGINE_STORE_SCHEMA_H_
#define TALLYBELL_ENGINE_STORE_SCHEMA_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

struct sqlite3;

namespace tallybell {

// "Tlyb", at the place where SQLite files say whose they are.
inline constexpr int64_t kApplicationId = 0x546c7962;
// Counts up with every change of the tables.
inline constexpr int64_t kSchemaVersion = 1;

// Part of the message where the file belongs to another application or to a newer tallybell.
inline constexpr absl::string_view kOfAnother = "and stays as it is";

// Whether the file is tallybell's and of a version that this code reads. Writes nothing. Sets
// `*empty` if nothing is in it yet. `surely_ours`: the file itself says so, whatever its log says.
// FailedPrecondition with kOfAnother, DataLoss.
absl::Status CheckSchema(sqlite3* db, bool surely_ours, bool* empty);

// Whether the first bytes of a file say that it is a database of tallybell.
bool HeaderIsOurs(absl::string_view start);
inline constexpr size_t kHeaderBytes = 72;

// Makes the tables in an empty file, in one transaction.
absl::Status CreateSchema(sqlite3* db);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_SCHEMA_H_
