// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_STATUS_ROUTES_H_
#define TALLYBELL_ENGINE_SERVE_STATUS_ROUTES_H_

#include <functional>
#include <memory>
#include <vector>

#include "engine/base/metrics.h"
#include "engine/net/http_routes.h"
#include "engine/run/outbox_access.h"
#include "engine/serve/snapshot_desk.h"
#include "engine/store/committer.h"

namespace tallybell {

// What the status page asks for what it shows. The metrics outlive its routes.
struct StatusInputs {
  std::function<bool(SnapshotDesk::Client)> ask;  // SnapshotDesk::Ask
  // As StatusHistoryReader takes it.
  std::function<void(Committer::Reader)> read;
  std::shared_ptr<OutboxAccess> outbox;
  const Metrics* metrics = nullptr;
};

// GET / and the files that it loads (docs/status-page.md). The page is made on the desk's thread;
// the evaluation thread only makes the snapshot.
std::vector<HttpRoute> StatusRoutes(StatusInputs inputs);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_STATUS_ROUTES_H_
