// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_STORE_STORE_H_
#define TALLYBELL_ENGINE_STORE_STORE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/time_ns.h"
#include "engine/store/ballast.h"
#include "engine/store/delta.h"
#include "engine/store/file_identity.h"
#include "engine/store/statement.h"

struct sqlite3;

namespace tallybell {

// The state file: one SQLite database (WAL, synchronous=FULL) with one connection. Whoever holds
// it is the only one: a second process that opens the same file, to write or only to read, is
// refused. The lock is SQLite's own (locking_mode=EXCLUSIVE): it goes with the file and not with
// its name, ends with the process however that ends, and keeps the index of the WAL in memory.
//
// Not thread-safe: after Open and Load it belongs to the committer's thread.
class Store {
 public:
  struct Options {
    std::string path;    // its directory must exist; ":memory:" keeps nothing
    bool create = true;  // false: NotFound where there is no such file
    // Unless kNoTime: a damaged file is put aside (state_quarantine.h) with this time in its name,
    // and a new one is begun.
    TimeNs put_aside_at = kNoTime;
    // Bytes of room that are held beside the file until the disk is full; 0: none, and what an
    // earlier run left stays.
    int64_t ballast = 0;
    bool allow_network_filesystem = false;
    // History older than this, or beyond so many rows, is deleted as new rows come.
    DurationNs history_age = 30 * kDay;
    int64_t history_rows = 100'000;
  };

  // That a damaged file gave way to a new one.
  struct Reset {
    std::string why;
    std::string aside;  // where the old one is now
  };

  // Everything that the last run committed.
  struct Snapshot {
    std::vector<PositionRow> positions;
    std::vector<RuleRow> rules;
    std::vector<GroupRow> groups;
    std::vector<OutboxRow> outbox;
    bool fresh = false;  // there was no state before
    std::optional<Reset> reset;
  };

  // FailedPrecondition if another process holds the file (IsHeld), or if it is of a newer tallybell
  // or not tallybell's at all (IsOfAnother), which leaves it untouched; DataLoss if it is damaged:
  // cut off, empty, no database, without its beginning; InvalidArgument if it cannot be a state
  // file; PermissionDenied; ResourceExhausted if there is no room to begin; otherwise what the
  // system says.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const Options& options);
  static bool IsHeld(const absl::Status& status);
  static bool IsOfAnother(const absl::Status& status);
  ~Store();

  absl::StatusOr<Snapshot> Load();

  // Writes all of `delta` or nothing; rules before groups, so that a rule that is erased and put
  // back has only the groups of this delta. Callbacks are not run. `now` dates the trimming of
  // history.
  //
  // ResourceExhausted: the disk is full, also without the ballast, which is given up then; nothing
  // of `delta` is there. After any other error the next call must be with the same rows: it may be
  // unknown what reached the disk, then the file is opened and verified anew by the next call, and
  // history is not written twice.
  absl::Status Commit(const Delta& delta, TimeNs now);

  // The disk took the ballast, or had no room for it when the file was opened: what is committed
  // now should be little.
  bool short_of_room() const { return ballast_.missing(); }
  int64_t ballast_bytes() const { return ballast_.bytes(); }
  // Takes the ballast back. ResourceExhausted while there is no room for it and for a quarter as
  // much, for commits.
  absl::Status RegainRoom();

  // Writes the file anew from what the connection still holds, if its name, or that of its log,
  // leads elsewhere; what is found there is put aside. True if it did. Between two commits.
  absl::StatusOr<bool> WriteAnewIfGone(TimeNs now);

  // A stretch of history, newest first. Rows are numbered as they are written, from 1 on.
  struct HistoryPage {
    std::vector<HistoryRow> rows;
    std::vector<int64_t> numbers;  // of each row
    bool more = false;             // there may be older ones
  };
  // At most `limit` rows with numbers below `before`. Unavailable while the file is to be opened
  // anew.
  absl::StatusOr<HistoryPage> HistoryBefore(int64_t before, int64_t limit);
  // The newest history rows, newest first.
  absl::StatusOr<std::vector<HistoryRow>> History(int64_t limit);

 private:
  enum class Write {
    kBegin,
    kCommit,
    kRollback,
    kPutPosition,
    kErasePosition,
    kPutRule,
    kEraseRule,
    kEraseGroups,
    kPutGroup,
    kEraseGroup,
    kPutOutbox,
    kEraseOutbox,
    kAddHistory,
    kTrimHistoryByAge,
    kTrimHistoryByRows,
    kCount,
  };

  explicit Store(Options options);
  bool in_memory() const { return options_.path == ":memory:"; }

  // Makes the file if there is none and `create`; sees to it that only its owner can read it.
  absl::Status PrepareFile(bool create);
  absl::Status Connect(bool create);
  absl::Status OpenDatabase();
  absl::Status VerifyDatabase();
  absl::Status Configure();
  absl::Status CheckIntegrity();
  absl::Status PrepareWrites();
  absl::Status TakeBallast();
  void LimitLog();
  void Disconnect();
  // Opens the file again after an error. True if what was committed last is there after all.
  absl::StatusOr<bool> Reconnect();
  enum class Log { kKeep, kTruncate };
  absl::Status Checkpoint(Log log);
  absl::StatusOr<int64_t> NewestHistory();

  Statement& Get(Write write) { return writes_[static_cast<size_t>(write)]; }
  absl::Status CommitOnce(const Delta& delta, TimeNs now);
  absl::Status WriteRows(const Delta& delta);
  absl::Status WriteHistory(const Delta& delta, TimeNs now);

  Options options_;
  sqlite3* db_ = nullptr;
  std::vector<Statement> writes_;
  bool fresh_ = false;
  std::optional<Reset> reset_;
  Ballast ballast_;
  bool header_is_ours_ = false;  // of the file alone, as it was found

  // The files that the connection holds; the log may be made by the first commit.
  std::optional<FileIdentity> file_;
  std::optional<FileIdentity> log_;

  // Numbers of the newest row of history: as of the last commit, and as the one that failed would
  // have left it. Unequal while it is unknown whether that is there.
  int64_t newest_ = 0;
  int64_t newest_if_committed_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_STORE_H_
