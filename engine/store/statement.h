// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// One prepared SQL statement. Private to the store.
#ifndef TALLYBELL_ENGINE_STORE_STATEMENT_H_
#define TALLYBELL_ENGINE_STORE_STATEMENT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tallybell {

// Part of the message where another process holds the file.
inline constexpr absl::string_view kHeldByAnother = "another process holds it";

// What an SQLite result code means to the callers of the store. FailedPrecondition: another
// process holds the file; DataLoss: damaged; PermissionDenied, ResourceExhausted (a full disk
// or quota), Unavailable (input or output failed), Internal.
absl::Status StatusOfSqlite(sqlite3* db, int code, absl::string_view doing);

// Values go in by Bind only, in the order of the placeholders. Not thread-safe.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  static absl::StatusOr<Statement> Prepare(sqlite3* db, absl::string_view sql);

  // `bytes` must stay until Run or the last Step.
  Statement& Bind(absl::string_view bytes);
  Statement& Bind(int64_t number);

  // Runs it to its end and makes it ready for new values.
  absl::Status Run();

  // True if there is a row to look at; after the last one it is ready for new values.
  absl::StatusOr<bool> Step();
  std::string Bytes(int column) const;
  int64_t Number(int column) const;

 private:
  void Finish();

  sqlite3* db_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  int bind_code_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_STATEMENT_H_
