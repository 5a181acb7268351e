// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_STATUS_HISTORY_READER_H_
#define TALLYBELL_ENGINE_SERVE_STATUS_HISTORY_READER_H_

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/time_ns.h"
#include "engine/serve/history_event.h"
#include "engine/store/committer.h"

namespace tallybell {

// The newest events of history for the status page, which does not wait for a disk that hangs.
// Thread-safe.
class StatusHistoryReader {
 public:
  static constexpr int64_t kEvents = 50;

  // `read` has a reader look at the state file, as Committer::Read does and from any thread; it
  // destroys the reader without a call if that cannot be.
  explicit StatusHistoryReader(std::function<void(Committer::Reader)> read);

  // Has the events read, unless they are being read already. Does not wait.
  void Begin();

  // What was read, newest first, once it is: waits up to `patience`, and not at all for a read that
  // somebody waited for in vain. Nothing if it takes longer or cannot be read.
  std::optional<std::vector<HistoryEvent>> Take(DurationNs patience);

 private:
  // Outlives this as long as a reader has it.
  struct Tray;

  const std::function<void(Committer::Reader)> read_;
  const std::shared_ptr<Tray> tray_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_STATUS_HISTORY_READER_H_
