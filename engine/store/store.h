// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_STORE_STORE_H_
#define TALLYBELL_ENGINE_STORE_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/time_ns.h"
#include "engine/store/delta.h"
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
    // History older than this, or beyond so many rows, is deleted as new rows come.
    DurationNs history_age = 30 * kDay;
    int64_t history_rows = 100'000;
  };

  // Everything that the last run committed.
  struct Snapshot {
    std::vector<PositionRow> positions;
    std::vector<RuleRow> rules;
    std::vector<GroupRow> groups;
    std::vector<OutboxRow> outbox;
    bool fresh = false;  // there was no state before
  };

  // FailedPrecondition if another process holds the file, if it is of a newer tallybell or not
  // tallybell's at all; DataLoss if it is damaged; otherwise what the system says.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const Options& options);
  // Whether Open failed because another process holds the file.
  static bool IsHeld(const absl::Status& status);
  ~Store();

  absl::StatusOr<Snapshot> Load();

  // Writes all of `delta` or nothing; rules before groups, so that a rule that is erased and put
  // back has only the groups of this delta. Callbacks are not run. `now` dates the trimming of
  // history. After an error that leaves it unknown what reached the disk the file is opened anew
  // by the next call.
  absl::Status Commit(const Delta& delta, TimeNs now);

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
  absl::Status OpenDatabase(bool create);
  absl::Status Configure();
  absl::Status CheckIntegrity();
  absl::Status PrepareWrites();
  void Disconnect();

  Statement& Get(Write write) { return writes_[static_cast<size_t>(write)]; }
  absl::Status WriteRows(const Delta& delta);
  absl::Status WriteHistory(const Delta& delta, TimeNs now);

  Options options_;
  sqlite3* db_ = nullptr;
  std::vector<Statement> writes_;
  bool fresh_ = false;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_STORE_H_
