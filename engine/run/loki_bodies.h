// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LOKI_BODIES_H_
#define TALLYBELL_ENGINE_RUN_LOKI_BODIES_H_

#include <vector>

#include "engine/source/loki_entries.h"
#include "engine/source/loki_push_body.h"

namespace tallybell {

// Those of `entries` that are `wanted`, one or more, as if they had been pushed: so what is read
// from a Loki is parsed and matched as what clients push.
PushedBody LokiBody(LokiEntries entries, const std::vector<bool>& wanted);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LOKI_BODIES_H_
