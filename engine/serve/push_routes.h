// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_PUSH_ROUTES_H_
#define TALLYBELL_ENGINE_SERVE_PUSH_ROUTES_H_

#include <vector>

#include "engine/net/http_routes.h"
#include "engine/source/push_intake.h"

namespace tallybell {

// The paths to which clients push as to Loki, and those by which they look whether one is there:
// docs/loki-push.md. `intake` outlives the listener.
std::vector<HttpRoute> PushRoutes(PushIntake* intake, int64_t max_body);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_PUSH_ROUTES_H_
