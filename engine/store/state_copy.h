// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_STORE_STATE_COPY_H_
#define TALLYBELL_ENGINE_STORE_STATE_COPY_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tallybell {

// A copy of a state file as its last commit left it, taken while another process may go on writing
// it. The file itself is only read: no lock, no write, nothing made beside it. So it works on a
// file system that cannot be written, and whoever owns the file never notices.
//
// Why the copy is whole: a page of the database changes only when a frame of the write-ahead log is
// copied into it, and the log is copied after the database. Every page that changed meanwhile is
// in that log, and what the log has wins. It fails only if the log was begun anew meanwhile, which
// changes its header; then the copy is taken again.
//
// Never in the process that has the Store of that file open: a process that closes a file loses
// all its locks on it, also those of SQLite.
class StateCopy {
 public:
  static constexpr int kMaxTries = 20;

  // Copies the file at `path` into a directory of its own below `directory`, which only its owner
  // can read. NotFound if there is no such file, PermissionDenied, FailedPrecondition if it is no
  // regular file, Unavailable if it changed too fast kMaxTries times, ResourceExhausted if
  // `directory` is full.
  static absl::StatusOr<std::unique_ptr<StateCopy>> Take(const std::string& path,
                                                         const std::string& directory);
  // Removes the copy.
  ~StateCopy();
  StateCopy(const StateCopy&) = delete;
  StateCopy& operator=(const StateCopy&) = delete;

  // The copied database; its write-ahead log stands beside it.
  std::string path() const { return directory_ + "/state.db"; }

  // Removes the names; what is open stays readable until it is closed.
  void Unlink();

 private:
  explicit StateCopy(std::string directory) : directory_(std::move(directory)) {}

  // False: it changed meanwhile.
  absl::StatusOr<bool> TryOnce(const std::string& path) const;

  std::string directory_;  // empty: removed
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_STATE_COPY_H_
