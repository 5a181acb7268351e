// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_RUN_DOORS_H_
#define TALLYBELL_ENGINE_CLI_RUN_DOORS_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/metrics.h"
#include "engine/net/http_listener.h"
#include "engine/run/engine_mailbox.h"
#include "engine/run/live_engine.h"
#include "engine/run/server_configuration.h"
#include "engine/serve/front_door.h"

namespace tallybell {

// Everything that a running tallybell listens on: the server, and each source that is pushed to at
// an address of its own. Belongs to the thread of the engine.
class RunDoors {
 public:
  // The engine has been started. All pointers outlive it. An error names the address.
  static absl::StatusOr<std::unique_ptr<RunDoors>> Open(const ServerConfig& server,
                                                        EngineHooks hooks, LiveEngine* engine,
                                                        EngineMailbox* mailbox, Metrics* metrics);

  // Reads certificates and keys again; says which cannot be used, which then stay as they were.
  absl::Status ReloadTls();

  // The engine has been stopped and its mailbox closed: nothing waits for it any more.
  void Close();

 private:
  RunDoors() = default;

  std::unique_ptr<FrontDoor> server_;  // null: it listens nowhere
  std::vector<std::unique_ptr<HttpListener>> pushes_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_RUN_DOORS_H_
