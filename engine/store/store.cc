// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/crash_point.h"
#include "engine/base/log.h"
#include "engine/base/status_macros.h"
#include "engine/base/unique_fd.h"
#include "engine/store/checkpoint_crash.h"
#include "engine/store/schema.h"
#include "engine/store/state_image.h"
#include "engine/store/state_place.h"
#include "engine/store/state_quarantine.h"

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

// So long whoever reads the file from outside may take at the start.
constexpr int kBusyMilliseconds = 1000;

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

// Empty where it cannot be read.
std::string ReadStart(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  std::string start(kHeaderBytes, '\0');
  const ssize_t n = fd ? pread(fd.get(), start.data(), start.size(), 0) : -1;
  start.resize(n < 0 ? 0 : static_cast<size_t>(n));
  return start;
}

bool HasContent(const std::string& path) {
  struct stat facts;
  return stat(path.c_str(), &facts) == 0 && facts.st_size > 0;
}

// The log stands beside the file itself, not beside a link to it.
std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&free)> real(realpath(path.c_str(), nullptr), &free);
  return real == nullptr ? path : std::string(real.get());
}

}  // namespace

Store::Store(Options options)
    : options_(std::move(options)), ballast_(options_.path + ".ballast", options_.ballast) {}

Store::~Store() { Disconnect(); }

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const Options& options) {
  Options real = options;
  if (options.path != ":memory:") real.path = RealPath(options.path);
  std::unique_ptr<Store> store(new Store(std::move(real)));
  absl::Status status = store->Connect(options.create);
  if (absl::IsDataLoss(status) && options.put_aside_at != kNoTime && !store->in_memory()) {
    const std::string why(status.message());
    const absl::StatusOr<std::string> aside =
        PutStateAside(store->options_.path, options.put_aside_at);
    if (!aside.ok()) {
      return Named(
          absl::Status(aside.status().code(), absl::StrCat(why, "; ", aside.status().message())),
          options.path);
    }
    LogError("the state file is damaged; it is put aside, and a new one is begun",
             {{"file", options.path}, {"why", why}, {"aside", *aside}});
    store->reset_ = Reset{why, *aside};
    status = store->Connect(options.create);
  }
  if (status.ok()) status = store->TakeBallast();
  if (!status.ok()) return Named(status, options.path);
  return store;
}

bool Store::IsHeld(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) && absl::StrContains(status.message(), kHeldByAnother);
}

bool Store::IsOfAnother(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) && absl::StrContains(status.message(), kOfAnother);
}

absl::Status Store::PrepareFile(bool create) {
  if (in_memory()) return absl::OkStatus();
  const std::string& path = options_.path;
  RETURN_IF_ERROR(CheckStatePlace(path, options_.allow_network_filesystem));
  struct stat facts;
  if (stat(path.c_str(), &facts) == 0) {
    // Ours are never empty (state_image.h).
    if (facts.st_size == 0) return absl::DataLossError("it is empty");
    if ((facts.st_mode & 0077) != 0 && chmod(path.c_str(), 0600) != 0) {
      return absl::ErrnoToStatus(errno, "others can read it, and its mode cannot be changed");
    }
    // Before SQLite has it open: to close it would drop SQLite's lock.
    header_is_ours_ = HeaderIsOurs(ReadStart(path));
    return absl::OkStatus();
  }
  if (errno != ENOENT || !create) return absl::ErrnoToStatus(errno, "cannot open");
  if (HasContent(path + "-wal")) {
    return absl::DataLossError("it is gone, and only its write-ahead log is there");
  }
  RETURN_IF_ERROR(MakeStateFile(path));
  header_is_ours_ = true;
  fresh_ = true;
  return absl::OkStatus();
}

absl::Status Store::Connect(bool create) {
  RETURN_IF_ERROR(PrepareFile(create));
  const bool log_was_there = FileIdentity::Of(options_.path + "-wal").has_value();
  absl::Status status = OpenDatabase();
  if (status.ok()) return status;
  Disconnect();
  if (in_memory()) return status;
  // What SQLite made only to look.
  if (!log_was_there && !HasContent(options_.path + "-wal"))
    unlink((options_.path + "-wal").c_str());
  // SQLite has no better word for a schema that makes no sense, and takes a damaged header for one
  // that forbids writing.
  const bool damaged = absl::IsInternal(status) || absl::IsPermissionDenied(status);
  return damaged ? absl::DataLossError(status.message()) : status;
}

absl::Status Store::OpenDatabase() {
  const int code =
      sqlite3_open_v2(options_.path.c_str(), &db_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code != SQLITE_OK) return StatusOfSqlite(db_, code, "cannot open");
  // Until it is known to be ours and whole the file is left as it is.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  // For somebody who only looks; a second tallybell stays.
  sqlite3_busy_timeout(db_, kBusyMilliseconds);
  RETURN_IF_ERROR(RunAll(db_, kSettings));
  RETURN_IF_ERROR(VerifyDatabase());
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  RETURN_IF_ERROR(Configure());
  if (!in_memory()) {
    WatchCheckpoints(db_);
    file_ = FileIdentity::Of(options_.path);
    log_ = FileIdentity::Of(options_.path + "-wal");
  }
  LimitLog();
  RETURN_IF_ERROR(PrepareWrites());
  ASSIGN_OR_RETURN(const int64_t newest, NewestHistory());
  // After an error it is Reconnect that says what that means.
  if (newest_ == newest_if_committed_) newest_ = newest_if_committed_ = newest;
  return absl::OkStatus();
}

absl::Status Store::VerifyDatabase() {
  bool empty = false;
  RETURN_IF_ERROR(CheckSchema(db_, header_is_ours_, &empty));
  if (empty && !in_memory()) return absl::DataLossError("its content is gone");
  if (empty) {
    fresh_ = true;
    return CreateSchema(db_);
  }
  if (sqlite3_db_readonly(db_, "main") == 1) {
    return absl::PermissionDeniedError("it cannot be written");
  }
  return CheckIntegrity();
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

// Everything, but of the indexes only those that rows are written by: the others are of history,
// which may be long.
absl::Status Store::CheckIntegrity() {
  for (const absl::string_view sql :
       {"PRAGMA quick_check(1)", "PRAGMA integrity_check(position)", "PRAGMA integrity_check(rule)",
        "PRAGMA integrity_check(rule_group)", "PRAGMA integrity_check(outbox)"}) {
    ASSIGN_OR_RETURN(Statement check, Statement::Prepare(db_, sql));
    ASSIGN_OR_RETURN(const bool row, check.Step());
    if (row && check.Bytes(0) == "ok") continue;
    return absl::DataLossError(absl::StrCat("it is damaged: ", row ? check.Bytes(0) : "no answer"));
  }
  return absl::OkStatus();
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

// A new file is not begun without its ballast; one that is there is used without, so that what
// receivers accept can be noted.
absl::Status Store::TakeBallast() {
  if (in_memory() || options_.ballast == 0) return absl::OkStatus();
  const absl::Status status = ballast_.Take();
  LimitLog();
  if (status.ok() || fresh_ || !absl::IsResourceExhausted(status)) return status;
  LogWarn("the disk is full; the state is kept without its ballast",
          {{"file", options_.path}, {"err", std::string(status.message())}});
  return absl::OkStatus();
}

// Not where it would be given up again with the next commit.
absl::Status Store::RegainRoom() {
  RETURN_IF_ERROR(ballast_.Take(options_.ballast / 4));
  LimitLog();
  return absl::OkStatus();
}

// A disk without room has none for a log that grows.
void Store::LimitLog() {
  if (db_ != nullptr) sqlite3_wal_autocheckpoint(db_, short_of_room() ? 100 : 1000);
}

absl::StatusOr<int64_t> Store::NewestHistory() {
  ASSIGN_OR_RETURN(Statement read, Statement::Prepare(db_, "SELECT max(id) FROM history"));
  ASSIGN_OR_RETURN(const bool row, read.Step());
  return row ? read.Number(0) : 0;
}

// Brings all that is committed from the log into the file. The room of a log that is kept is used
// again from its beginning.
absl::Status Store::Checkpoint(Log log) {
  ASSIGN_OR_RETURN(Statement checkpoint,
                   Statement::Prepare(db_, log == Log::kKeep ? "PRAGMA wal_checkpoint(PASSIVE)"
                                                             : "PRAGMA wal_checkpoint(TRUNCATE)"));
  ASSIGN_OR_RETURN(const bool row, checkpoint.Step());
  if (!row || checkpoint.Number(0) != 0) return absl::UnavailableError("its log cannot be emptied");
  return absl::OkStatus();
}

absl::StatusOr<bool> Store::Reconnect() {
  absl::Status status = Connect(/*create=*/false);
  // What a failed fsync left in the log may be in the kernel's memory alone, and no later fsync
  // brings it to the disk. So all that can be read is written once more, into the file itself.
  if (status.ok()) status = Checkpoint(Log::kTruncate);
  if (!status.ok()) {
    Disconnect();
    // A full disk is no doubt, but here there is one.
    if (absl::IsResourceExhausted(status)) return absl::UnavailableError(status.message());
    return status;
  }
  ASSIGN_OR_RETURN(const int64_t newest, NewestHistory());
  const bool there = newest_if_committed_ != newest_ && newest == newest_if_committed_;
  newest_ = newest_if_committed_ = newest;
  return there;
}

absl::Status Store::Commit(const Delta& delta, TimeNs now) {
  absl::Status status = CommitOnce(delta, now);
  if (absl::IsResourceExhausted(status) && ballast_.GiveUp()) {
    LogWarn("the disk is full; the ballast is given up", {{"file", options_.path}});
    LimitLog();
    Checkpoint(Log::kKeep).IgnoreError();
    status = CommitOnce(delta, now);
  }
  return Named(status, options_.path);
}

absl::Status Store::CommitOnce(const Delta& delta, TimeNs now) {
  if (db_ == nullptr) {
    ASSIGN_OR_RETURN(const bool there, Reconnect());
    // Rows by key can be put once more, and so could these; history would be told twice.
    if (there) return absl::OkStatus();
  }
  absl::Status status = Get(Write::kBegin).Run();
  if (status.ok()) status = WriteRows(delta);
  if (status.ok()) status = WriteHistory(delta, now);
  int64_t newest = newest_;
  if (status.ok() && !delta.history.empty()) {
    const absl::StatusOr<int64_t> read = NewestHistory();
    status = read.status();
    newest = read.value_or(newest_);
  }
  CrashPoint("before-commit");
  if (status.ok()) {
    newest_if_committed_ = newest;
    status = Get(Write::kCommit).Run();
  }
  if (status.ok()) {
    newest_ = newest;
    return status;
  }
  if (sqlite3_get_autocommit(db_) == 0) Get(Write::kRollback).Run().IgnoreError();
  // After a failed write or fsync nobody knows which pages the kernel still holds; what the file
  // itself says when it is read again is true. A full disk leaves no such doubt.
  if (!in_memory() && (absl::IsUnavailable(status) || absl::IsDataLoss(status))) {
    Disconnect();
  } else {
    newest_if_committed_ = newest_;
  }
  return status;
}

absl::StatusOr<bool> Store::WriteAnewIfGone(TimeNs now) {
  if (in_memory() || db_ == nullptr) return false;
  const std::string& path = options_.path;
  const std::string log_path = path + "-wal";
  const std::optional<FileIdentity> file = FileIdentity::Of(path);
  const std::optional<FileIdentity> log = FileIdentity::Of(log_path);
  if (!log_.has_value()) log_ = log;
  if (file == file_ && log == log_) return false;
  if (file.has_value() && file != file_) {
    // Our own log must not go with it.
    if (log == log_) unlink(log_path.c_str());
    RETURN_IF_ERROR(PutStateAside(path, now).status());
  } else if (log.has_value() && log != log_) {
    RETURN_IF_ERROR(PutLogAside(path, now).status());
  }
  if (file == file_) {
    // The log alone: what it holds goes into the file.
    RETURN_IF_ERROR(Checkpoint(Log::kTruncate));
  } else {
    mkdir(StateDirectoryOf(path).c_str(), 0700);
    RETURN_IF_ERROR(CopyStateFile(db_, path));
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  Disconnect();
  RETURN_IF_ERROR(Connect(/*create=*/false));
  return true;
}

}  // namespace tallybell
