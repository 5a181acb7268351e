// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/state_image.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/base/unique_fd.h"
#include "engine/store/schema.h"
#include "engine/store/state_place.h"
#include "engine/store/statement.h"

namespace tallybell {
namespace {

void RemoveParts(const std::string& path) {
  for (const absl::string_view part : {"", "-journal", "-wal", "-shm"}) {
    unlink(absl::StrCat(path, part).c_str());
  }
}

// Makes a new file that only its owner can read, and has `write` fill it.
absl::Status WriteNew(const std::string& path, absl::FunctionRef<absl::Status(sqlite3*)> write) {
  {
    const UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return absl::ErrnoToStatus(errno, "cannot create");
  }
  sqlite3* db = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &db,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  absl::Status status = StatusOfSqlite(db, code, "cannot write the new state file");
  // Until it is renamed there is nothing to roll back, and it is synced as a whole.
  for (const absl::string_view sql : {"PRAGMA synchronous = OFF", "PRAGMA journal_mode = MEMORY"}) {
    if (!status.ok()) break;
    absl::StatusOr<Statement> setting = Statement::Prepare(db, sql);
    status = setting.ok() ? setting->Run() : setting.status();
  }
  if (status.ok()) status = write(db);
  const int closed = sqlite3_close(db);
  if (status.ok() && closed != SQLITE_OK) status = absl::InternalError("cannot close it");
  if (!status.ok()) return status;
  const UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd || fsync(fd.get()) != 0) return absl::ErrnoToStatus(errno, "the new state file");
  return absl::OkStatus();
}

absl::Status PutInPlace(const std::string& path, absl::FunctionRef<absl::Status(sqlite3*)> write) {
  const std::string made = absl::StrCat(path, ".new");
  // What a process left that ended here.
  RemoveParts(made);
  absl::Status status = WriteNew(made, write);
  if (status.ok() && rename(made.c_str(), path.c_str()) != 0) {
    status = absl::ErrnoToStatus(errno, "cannot rename it");
  }
  if (!status.ok()) {
    RemoveParts(made);
    return status;
  }
  // A log by that name is of the file that is gone. Should the process end before this, it says
  // again what was copied; were it removed first, nothing would say that there was a state.
  unlink(absl::StrCat(path, "-wal").c_str());
  return SyncDirectoryOf(path);
}

absl::Status Copy(sqlite3* from, sqlite3* to) {
  sqlite3_backup* const copy = sqlite3_backup_init(to, "main", from, "main");
  if (copy == nullptr) return StatusOfSqlite(to, sqlite3_extended_errcode(to), "cannot copy");
  sqlite3_backup_step(copy, -1);
  const int code = sqlite3_backup_finish(copy);
  return StatusOfSqlite(to, code, "cannot copy");
}

}  // namespace

absl::Status MakeStateFile(const std::string& path) { return PutInPlace(path, CreateSchema); }

absl::Status CopyStateFile(sqlite3* db, const std::string& path) {
  return PutInPlace(path, [db](sqlite3* to) { return Copy(db, to); });
}

}  // namespace tallybell
