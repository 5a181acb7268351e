// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/state_reader.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/base/status_macros.h"
#include "engine/store/schema.h"
#include "engine/store/statement.h"

namespace tallybell {

absl::StatusOr<std::unique_ptr<StateReader>> StateReader::Open(const std::string& path,
                                                               const std::string& directory) {
  const auto named = [&](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat("state file ", path, ": ", status.message()));
  };
  absl::StatusOr<std::unique_ptr<StateCopy>> copy = StateCopy::Take(path, directory);
  if (!copy.ok()) return named(copy.status());
  std::unique_ptr<StateReader> reader(new StateReader(*std::move(copy)));
  const absl::Status status = reader->Connect();
  if (!status.ok()) return named(status);
  return reader;
}

StateReader::~StateReader() { sqlite3_close(db_); }

absl::Status StateReader::Connect() {
  const int code =
      sqlite3_open_v2(copy_->path().c_str(), &db_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code != SQLITE_OK) return StatusOfSqlite(db_, code, "cannot open");
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  for (const absl::string_view sql :
       {"PRAGMA locking_mode = EXCLUSIVE", "PRAGMA trusted_schema = OFF",
        "PRAGMA cell_size_check = ON", "PRAGMA temp_store = MEMORY"}) {
    ASSIGN_OR_RETURN(Statement setting, Statement::Prepare(db_, sql));
    RETURN_IF_ERROR(setting.Run());
  }
  bool empty = false;
  RETURN_IF_ERROR(CheckSchema(db_, /*surely_ours=*/false, &empty));
  if (empty) return absl::FailedPreconditionError("nothing is in it yet");
  // By now both files are open: whatever ends this process, no copy stays behind.
  copy_->Unlink();
  return absl::OkStatus();
}

absl::Status StateReader::ReadHistory(absl::FunctionRef<void(HistoryRow)> take) {
  ASSIGN_OR_RETURN(Statement read,
                   Statement::Prepare(db_,
                                      "SELECT time, fingerprint, kind, rule, labels, detail "
                                      "FROM history ORDER BY id"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) return absl::OkStatus();
    take({read.Number(0), read.Bytes(1), read.Bytes(2), read.Bytes(3), read.Bytes(4),
          read.Bytes(5)});
  }
}

absl::StatusOr<std::vector<OutboxRow>> StateReader::ReadOutbox() {
  std::vector<OutboxRow> rows;
  ASSIGN_OR_RETURN(Statement read, Statement::Prepare(db_,
                                                      "SELECT receiver, id, fingerprint, state "
                                                      "FROM outbox ORDER BY receiver, id"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) return rows;
    rows.push_back({read.Bytes(0), read.Number(1), read.Bytes(2), read.Bytes(3)});
  }
}

}  // namespace tallybell
