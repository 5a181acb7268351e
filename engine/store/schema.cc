// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/schema.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/base/status_macros.h"
#include "engine/store/statement.h"

namespace tallybell {
namespace {

// Keys and states are the bytes of their owners: BLOB, so that nothing is ever read into them.
constexpr absl::string_view kSchema[] = {
    R"(CREATE TABLE position(
         source BLOB NOT NULL PRIMARY KEY,
         state BLOB NOT NULL) STRICT)",
    R"(CREATE TABLE rule(
         rule BLOB NOT NULL PRIMARY KEY,
         state BLOB NOT NULL) STRICT)",
    R"(CREATE TABLE rule_group(
         rule BLOB NOT NULL,
         label_group BLOB NOT NULL,
         state BLOB NOT NULL,
         PRIMARY KEY(rule, label_group)) STRICT)",
    R"(CREATE TABLE outbox(
         receiver BLOB NOT NULL,
         id INTEGER NOT NULL,
         fingerprint BLOB NOT NULL,
         state BLOB NOT NULL,
         PRIMARY KEY(receiver, id)) STRICT)",
    R"(CREATE TABLE history(
         id INTEGER PRIMARY KEY,
         time INTEGER NOT NULL,
         fingerprint BLOB NOT NULL,
         kind BLOB NOT NULL,
         rule BLOB NOT NULL,
         labels BLOB NOT NULL,
         detail BLOB NOT NULL) STRICT)",
    "CREATE INDEX history_time ON history(time)",
    "PRAGMA application_id = 0x546c7962",
    "PRAGMA user_version = 1",
};

constexpr int64_t kOurTables = 5;
constexpr absl::string_view kCountOurTables =
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND "
    "name IN ('position', 'rule', 'rule_group', 'outbox', 'history')";

absl::StatusOr<int64_t> ReadNumber(sqlite3* db, absl::string_view sql) {
  ASSIGN_OR_RETURN(Statement statement, Statement::Prepare(db, sql));
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.Number(0) : 0;
}

}  // namespace

bool HeaderIsOurs(absl::string_view start) {
  if (start.size() < kHeaderBytes || !absl::StartsWith(start, "SQLite format 3")) return false;
  int64_t id = 0;
  for (size_t i = kHeaderBytes - 4; i < kHeaderBytes; ++i) {
    id = id << 8 | static_cast<unsigned char>(start[i]);
  }
  return id == kApplicationId;
}

absl::Status CheckSchema(sqlite3* db, bool surely_ours, bool* empty) {
  ASSIGN_OR_RETURN(const int64_t owner, ReadNumber(db, "PRAGMA application_id"));
  ASSIGN_OR_RETURN(const int64_t version, ReadNumber(db, "PRAGMA user_version"));
  ASSIGN_OR_RETURN(const int64_t tables, ReadNumber(db, "SELECT count(*) FROM sqlite_schema"));
  ASSIGN_OR_RETURN(const int64_t ours, ReadNumber(db, kCountOurTables));
  *empty = owner == 0 && tables == 0;
  if (*empty) return absl::OkStatus();
  // What has all tables of ours and says it is another's was damaged, and so was what says that it
  // is ours until its log is read.
  const bool damaged = surely_ours || ours == kOurTables;
  if (owner != kApplicationId && !damaged) {
    return absl::FailedPreconditionError(
        absl::StrCat("it is a database, but not of tallybell, ", kOfAnother));
  }
  if (owner != kApplicationId) return absl::DataLossError("it does not say whose it is any more");
  if (version > kSchemaVersion) {
    return absl::FailedPreconditionError(absl::StrCat("it is of a newer tallybell, ", kOfAnother,
                                                      ": its version is ", version,
                                                      ", this one knows up to ", kSchemaVersion));
  }
  if (version < 1) return absl::DataLossError("it says no version");
  if (ours != kOurTables) return absl::DataLossError("tables are missing in it");
  return absl::OkStatus();
}

absl::Status CreateSchema(sqlite3* db) {
  ASSIGN_OR_RETURN(Statement begin, Statement::Prepare(db, "BEGIN EXCLUSIVE"));
  RETURN_IF_ERROR(begin.Run());
  for (const absl::string_view sql : kSchema) {
    ASSIGN_OR_RETURN(Statement statement, Statement::Prepare(db, sql));
    RETURN_IF_ERROR(statement.Run());
  }
  ASSIGN_OR_RETURN(Statement commit, Statement::Prepare(db, "COMMIT"));
  return commit.Run();
}

}  // namespace tallybell
