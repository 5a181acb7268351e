// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/crash_point.h"
#include "engine/base/status_macros.h"
#include "engine/base/unique_fd.h"
#include "engine/store/checkpoint_crash.h"
#include "engine/store/schema.h"

namespace tallybell {
namespace {

constexpr absl::string_view kSettings[] = {
    // First of all, so that no index of the WAL is ever shared.
    "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",     "PRAGMA mmap_size = 0",
    "PRAGMA temp_store = MEMORY",
};

constexpr absl::string_view kDurability[] = {
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA journal_size_limit = 8388608",
};

absl::Status RunAll(sqlite3* db, absl::Span<const absl::string_view> statements) {
  for (const absl::string_view sql : statements) {
    ASSIGN_OR_RETURN(Statement statement, Statement::Prepare(db, sql));
    RETURN_IF_ERROR(statement.Run());
  }
  return absl::OkStatus();
}

absl::Status Named(const absl::Status& status, absl::string_view path) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("state file ", path, ": ", status.message()));
}

// Tells a database that was damaged from a file that never was one: the first may be moved away
// and made anew, the second belongs to somebody.
bool WasEverADatabase(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  char start[16];
  const ssize_t n = fd ? pread(fd.get(), start, sizeof(start), 0) : -1;
  if (n < 0) return false;
  const absl::string_view magic(start, n);
  // Zeros are what a power failure leaves of a first page.
  return magic == absl::string_view("SQLite format 3\0", 16) || magic == std::string(n, '\0');
}

}  // namespace

Store::Store(Options options) : options_(std::move(options)) {}

Store::~Store() { Disconnect(); }

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const Options& options) {
  std::unique_ptr<Store> store(new Store(options));
  const absl::Status status = store->Connect(options.create);
  if (!status.ok()) return Named(status, options.path);
  return store;
}

bool Store::IsHeld(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) && absl::StrContains(status.message(), kHeldByAnother);
}

absl::Status Store::PrepareFile(bool create) {
  if (in_memory()) return absl::OkStatus();
  const char* const path = options_.path.c_str();
  struct stat facts;
  if (stat(path, &facts) == 0) {
    if (!S_ISREG(facts.st_mode)) return absl::FailedPreconditionError("it is not a regular file");
    if ((facts.st_mode & 0077) != 0 && chmod(path, 0600) != 0) {
      return absl::ErrnoToStatus(errno, "others can read it, and its mode cannot be changed");
    }
    return absl::OkStatus();
  }
  if (errno != ENOENT || !create) return absl::ErrnoToStatus(errno, "cannot open");
  const UniqueFd fd(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return absl::ErrnoToStatus(errno, "cannot create");
  return absl::OkStatus();
}

absl::Status Store::Connect(bool create) {
  RETURN_IF_ERROR(PrepareFile(create));
  const absl::Status status = OpenDatabase(create);
  if (status.ok()) return status;
  // Before the file is opened once more: to close it would drop SQLite's lock.
  Disconnect();
  if (absl::IsDataLoss(status) && !in_memory() && !WasEverADatabase(options_.path)) {
    return absl::FailedPreconditionError("it is not a database");
  }
  return status;
}

absl::Status Store::OpenDatabase(bool create) {
  const int code =
      sqlite3_open_v2(options_.path.c_str(), &db_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code != SQLITE_OK) return StatusOfSqlite(db_, code, "cannot open");
  // Until it is known to be ours the file is left as it is.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  RETURN_IF_ERROR(RunAll(db_, kSettings));
  bool empty = false;
  RETURN_IF_ERROR(CheckSchema(db_, &empty));
  if (empty && !create) return absl::DataLossError("its content is gone");
  if (sqlite3_db_readonly(db_, "main") == 1) {
    return absl::PermissionDeniedError("it cannot be written");
  }
  RETURN_IF_ERROR(CheckIntegrity());
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  RETURN_IF_ERROR(Configure());
  if (empty) RETURN_IF_ERROR(CreateSchema(db_));
  fresh_ = empty;
  if (!in_memory()) WatchCheckpoints(db_);
  return PrepareWrites();
}

absl::Status Store::Configure() {
  RETURN_IF_ERROR(RunAll(db_, kDurability));
  ASSIGN_OR_RETURN(Statement mode, Statement::Prepare(db_, "PRAGMA journal_mode"));
  ASSIGN_OR_RETURN(const bool row, mode.Step());
  if (!in_memory() && (!row || mode.Bytes(0) != "wal")) {
    return absl::UnavailableError("its file system cannot keep a write-ahead log");
  }
  return absl::OkStatus();
}

absl::Status Store::CheckIntegrity() {
  ASSIGN_OR_RETURN(Statement check, Statement::Prepare(db_, "PRAGMA quick_check(1)"));
  ASSIGN_OR_RETURN(const bool row, check.Step());
  if (row && check.Bytes(0) == "ok") return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("it is damaged: ", row ? check.Bytes(0) : "no answer"));
}

absl::Status Store::PrepareWrites() {
  static constexpr absl::string_view kWrites[] = {
      "BEGIN IMMEDIATE",
      "COMMIT",
      "ROLLBACK",
      "INSERT INTO position(source, state) VALUES (?, ?) "
      "ON CONFLICT DO UPDATE SET state = excluded.state",
      "DELETE FROM position WHERE source = ?",
      "INSERT INTO rule(rule, state) VALUES (?, ?) "
      "ON CONFLICT DO UPDATE SET state = excluded.state",
      "DELETE FROM rule WHERE rule = ?",
      "DELETE FROM rule_group WHERE rule = ?",
      "INSERT INTO rule_group(rule, label_group, state) VALUES (?, ?, ?) "
      "ON CONFLICT DO UPDATE SET state = excluded.state",
      "DELETE FROM rule_group WHERE rule = ? AND label_group = ?",
      "INSERT INTO outbox(receiver, id, fingerprint, state) VALUES (?, ?, ?, ?) ON CONFLICT "
      "DO UPDATE SET fingerprint = excluded.fingerprint, state = excluded.state",
      "DELETE FROM outbox WHERE receiver = ? AND id = ?",
      "INSERT INTO history(time, fingerprint, kind, rule, labels, detail) "
      "VALUES (?, ?, ?, ?, ?, ?)",
      "DELETE FROM history WHERE time < ?",
      "DELETE FROM history WHERE id <= (SELECT max(id) FROM history) - ?",
  };
  static_assert(std::size(kWrites) == static_cast<size_t>(Write::kCount));
  for (const absl::string_view sql : kWrites) {
    ASSIGN_OR_RETURN(Statement statement, Statement::Prepare(db_, sql));
    writes_.push_back(std::move(statement));
  }
  return absl::OkStatus();
}

void Store::Disconnect() {
  writes_.clear();
  sqlite3_close(db_);
  db_ = nullptr;
}

absl::StatusOr<Store::Snapshot> Store::Load() {
  Snapshot all;
  all.fresh = fresh_;
  ASSIGN_OR_RETURN(Statement read,
                   Statement::Prepare(db_, "SELECT source, state FROM position ORDER BY source"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) break;
    all.positions.push_back({read.Bytes(0), read.Bytes(1)});
  }
  ASSIGN_OR_RETURN(read, Statement::Prepare(db_, "SELECT rule, state FROM rule ORDER BY rule"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) break;
    all.rules.push_back({read.Bytes(0), read.Bytes(1)});
  }
  ASSIGN_OR_RETURN(read, Statement::Prepare(db_,
                                            "SELECT rule, label_group, state FROM rule_group "
                                            "ORDER BY rule, label_group"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) break;
    all.groups.push_back({read.Bytes(0), read.Bytes(1), read.Bytes(2)});
  }
  ASSIGN_OR_RETURN(read, Statement::Prepare(db_,
                                            "SELECT receiver, id, fingerprint, state FROM outbox "
                                            "ORDER BY receiver, id"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) break;
    all.outbox.push_back({read.Bytes(0), read.Number(1), read.Bytes(2), read.Bytes(3)});
  }
  return all;
}

absl::Status Store::Commit(const Delta& delta, TimeNs now) {
  if (db_ == nullptr) {
    const absl::Status status = Connect(/*create=*/false);
    if (!status.ok()) return Named(status, options_.path);
  }
  absl::Status status = Get(Write::kBegin).Run();
  if (status.ok()) status = WriteRows(delta);
  if (status.ok()) status = WriteHistory(delta, now);
  CrashPoint("before-commit");
  if (status.ok()) status = Get(Write::kCommit).Run();
  if (status.ok()) return status;
  if (sqlite3_get_autocommit(db_) == 0) Get(Write::kRollback).Run().IgnoreError();
  // After a failed write or fsync nobody knows which pages the kernel still holds; what the file
  // itself says when it is read again is true. A full disk leaves no such doubt.
  if (!in_memory() && (absl::IsUnavailable(status) || absl::IsDataLoss(status))) Disconnect();
  return Named(status, options_.path);
}

absl::Status Store::WriteRows(const Delta& delta) {
  for (const PositionRow& row : delta.positions) {
    RETURN_IF_ERROR(row.erased ? Get(Write::kErasePosition).Bind(row.source).Run()
                               : Get(Write::kPutPosition).Bind(row.source).Bind(row.state).Run());
  }
  for (const RuleRow& row : delta.rules) {
    if (row.erased) {
      RETURN_IF_ERROR(Get(Write::kEraseRule).Bind(row.rule).Run());
      RETURN_IF_ERROR(Get(Write::kEraseGroups).Bind(row.rule).Run());
    } else {
      RETURN_IF_ERROR(Get(Write::kPutRule).Bind(row.rule).Bind(row.state).Run());
    }
  }
  for (const GroupRow& row : delta.groups) {
    Statement& write = Get(row.erased ? Write::kEraseGroup : Write::kPutGroup);
    write.Bind(row.rule).Bind(row.group);
    if (!row.erased) write.Bind(row.state);
    RETURN_IF_ERROR(write.Run());
  }
  for (const OutboxRow& row : delta.outbox) {
    Statement& write = Get(row.erased ? Write::kEraseOutbox : Write::kPutOutbox);
    write.Bind(row.receiver).Bind(row.id);
    if (!row.erased) write.Bind(row.fingerprint).Bind(row.state);
    RETURN_IF_ERROR(write.Run());
  }
  return absl::OkStatus();
}

absl::Status Store::WriteHistory(const Delta& delta, TimeNs now) {
  if (delta.history.empty()) return absl::OkStatus();
  Statement& add = Get(Write::kAddHistory);
  for (const HistoryRow& row : delta.history) {
    add.Bind(row.time).Bind(row.fingerprint).Bind(row.kind);
    RETURN_IF_ERROR(add.Bind(row.rule).Bind(row.labels).Bind(row.detail).Run());
  }
  const TimeNs oldest = SubtractNs(now, options_.history_age);
  RETURN_IF_ERROR(Get(Write::kTrimHistoryByAge).Bind(oldest).Run());
  return Get(Write::kTrimHistoryByRows).Bind(options_.history_rows).Run();
}

absl::StatusOr<Store::HistoryPage> Store::HistoryBefore(int64_t before, int64_t limit) {
  HistoryPage page;
  if (db_ == nullptr) return absl::UnavailableError("the state file is being opened anew");
  ASSIGN_OR_RETURN(Statement read,
                   Statement::Prepare(db_,
                                      "SELECT time, fingerprint, kind, rule, labels, detail, id "
                                      "FROM history WHERE id < ? ORDER BY id DESC LIMIT ?"));
  read.Bind(before).Bind(std::max<int64_t>(limit, 0));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, read.Step());
    if (!row) break;
    page.rows.push_back({read.Number(0), read.Bytes(1), read.Bytes(2), read.Bytes(3), read.Bytes(4),
                         read.Bytes(5)});
    page.numbers.push_back(read.Number(6));
  }
  page.more = static_cast<int64_t>(page.rows.size()) == limit;
  return page;
}

absl::StatusOr<std::vector<HistoryRow>> Store::History(int64_t limit) {
  ASSIGN_OR_RETURN(HistoryPage page, HistoryBefore(std::numeric_limits<int64_t>::max(), limit));
  return std::move(page.rows);
}

}  // namespace tallybell
