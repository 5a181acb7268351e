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

struct sqlite3;

namespace tallybell {

// The state file: one SQLite database (WAL, synchronous=FULL) with one connection. Whoever holds
// it is the only one: a second process that opens the same file is refused.
//
// Not thread-safe: after Open and Load it belongs to the committer's thread.
class Store {
 public:
  struct Options {
    std::string path;  // its directory must exist; ":memory:" keeps nothing
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
  ~Store();

  absl::StatusOr<Snapshot> Load();

  // Writes all of `delta` or nothing. `now` dates the trimming of history.
  absl::Status Commit(const Delta& delta, TimeNs now);

  // The newest history rows, newest first.
  absl::StatusOr<std::vector<HistoryRow>> History(int64_t limit);

 private:
  class Statement;
  explicit Store(Options options);

  Options options_;
  sqlite3* db_ = nullptr;
  bool fresh_ = false;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_STORE_H_
