// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/statement.h"

#include <errno.h>
#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

// SQLite knows of a full disk, not of a quota that is used up or of a file that may not grow. Only
// of a write: what a failed fsync lost nobody knows.
bool NoRoom(sqlite3* db, int code) {
  if (db == nullptr || (code != SQLITE_IOERR_WRITE && code != SQLITE_IOERR_TRUNCATE)) return false;
  const int error = sqlite3_system_errno(db);
  return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

}  // namespace

absl::Status StatusOfSqlite(sqlite3* db, int code, absl::string_view doing) {
  const std::string message =
      absl::StrCat(doing, ": ", db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
      return absl::OkStatus();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::FailedPreconditionError(absl::StrCat(doing, ": ", kHeldByAnother));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(message);
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return absl::PermissionDeniedError(message);
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
      return absl::ResourceExhaustedError(message);
    case SQLITE_IOERR:
      return NoRoom(db, code) ? absl::ResourceExhaustedError(message)
                              : absl::UnavailableError(message);
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
      return absl::UnavailableError(message);
    default:
      return absl::InternalError(message);
  }
}

Statement::Statement(Statement&& other) noexcept { *this = std::move(other); }

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(db_, other.db_);
  std::swap(statement_, other.statement_);
  std::swap(bound_, other.bound_);
  std::swap(bind_code_, other.bind_code_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

absl::StatusOr<Statement> Statement::Prepare(sqlite3* db, absl::string_view sql) {
  Statement statement;
  statement.db_ = db;
  const int code = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement.statement_, nullptr);
  if (code != SQLITE_OK) return StatusOfSqlite(db, code, "cannot read the state file");
  return statement;
}

Statement& Statement::Bind(absl::string_view bytes) {
  // A null pointer would bind NULL instead of no bytes.
  const char* const data = bytes.empty() ? "" : bytes.data();
  const int code = sqlite3_bind_blob64(statement_, ++bound_, data, bytes.size(), SQLITE_STATIC);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
  return *this;
}

Statement& Statement::Bind(int64_t number) {
  const int code = sqlite3_bind_int64(statement_, ++bound_, number);
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
  return *this;
}

absl::Status Statement::Run() {
  int code = bind_code_;
  if (code == SQLITE_OK) {
    do {
      code = sqlite3_step(statement_);
    } while (code == SQLITE_ROW);
  }
  const absl::Status status = StatusOfSqlite(db_, code, "cannot write the state file");
  Finish();
  return status;
}

absl::StatusOr<bool> Statement::Step() {
  const int code = bind_code_ != SQLITE_OK ? bind_code_ : sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  const absl::Status status = StatusOfSqlite(db_, code, "cannot read the state file");
  Finish();
  if (!status.ok()) return status;
  return false;
}

std::string Statement::Bytes(int column) const {
  const void* const data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
}

int64_t Statement::Number(int column) const { return sqlite3_column_int64(statement_, column); }

void Statement::Finish() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bound_ = 0;
  bind_code_ = SQLITE_OK;
}

}  // namespace tallybell
