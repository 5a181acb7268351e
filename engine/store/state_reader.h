// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_STORE_STATE_READER_H_
#define TALLYBELL_ENGINE_STORE_STATE_READER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/store/delta.h"
#include "engine/store/state_copy.h"

struct sqlite3;

namespace tallybell {

// What a state file says, for whoever only wants to look: read from a copy (StateCopy), so it never
// waits for the tallybell that runs on the file, nor that for it. Like StateCopy, never in the
// process that has the Store of that file open. Not thread-safe.
class StateReader {
 public:
  // The copy goes into `directory`. What StateCopy::Take says; FailedPrecondition if the file is of
  // a newer tallybell, or not tallybell's, or has nothing in it yet; DataLoss if it is damaged.
  static absl::StatusOr<std::unique_ptr<StateReader>> Open(const std::string& path,
                                                           const std::string& directory);
  ~StateReader();

  // Calls `take` with each row in the order in which they were written.
  absl::Status ReadHistory(absl::FunctionRef<void(HistoryRow)> take);

  // What the receivers have not accepted, by receiver and id.
  absl::StatusOr<std::vector<OutboxRow>> ReadOutbox();

 private:
  explicit StateReader(std::unique_ptr<StateCopy> copy) : copy_(std::move(copy)) {}
  absl::Status Connect();

  std::unique_ptr<StateCopy> copy_;
  sqlite3* db_ = nullptr;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_STATE_READER_H_
