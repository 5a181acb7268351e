// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_HISTORY_ROUTES_H_
#define TALLYBELL_ENGINE_SERVE_HISTORY_ROUTES_H_

#include <functional>
#include <vector>

#include "engine/base/clock.h"
#include "engine/net/http_routes.h"
#include "engine/store/committer.h"

namespace tallybell {

// GET /api/v1/history: what `tallybell history --output jsonl` prints, as JSON (docs/server.md,
// "History and what waits"). What is newest is found first; what is answered is in the order in
// which it was recorded.
//
// `read` has a reader look at the state file, as Committer::Read does and from any thread; it
// destroys the reader without a call if that cannot be. Rows are read and written as JSON on the
// committer's thread, some hundred at a time. `clock` outlives the routes.
std::vector<HttpRoute> HistoryRoutes(std::function<void(Committer::Reader)> read,
                                     const Clock* clock);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_HISTORY_ROUTES_H_
