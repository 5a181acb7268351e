// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_OUTBOX_ROUTES_H_
#define TALLYBELL_ENGINE_SERVE_OUTBOX_ROUTES_H_

#include <functional>
#include <memory>
#include <vector>

#include "engine/net/http_routes.h"
#include "engine/run/outbox_access.h"

namespace tallybell {

// What waits and what is parked, to look at and to put right (docs/server.md, "History and what
// waits"): GET and DELETE /api/v1/outbox, POST /api/v1/outbox/retry.
//
// `run` has a function called soon, on a thread that may take its time; false if too many wait.
std::vector<HttpRoute> OutboxRoutes(std::function<bool(std::function<void()>)> run,
                                    std::shared_ptr<OutboxAccess> outbox);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_OUTBOX_ROUTES_H_
