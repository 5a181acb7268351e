// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_LOKI_OPTIONS_H_
#define TALLYBELL_ENGINE_CLI_LOKI_OPTIONS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "engine/cli/arguments.h"
#include "engine/source/loki_query.h"

namespace tallybell {

// What a command line says of a Loki to read: --loki-url, --loki-query, --loki-tenant and how to
// come in. One target for each tenant; none if no Loki is named. InvalidArgument with a sentence
// for people.
absl::StatusOr<std::vector<LokiTarget>> ReadLokiTargets(const Arguments& arguments);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_LOKI_OPTIONS_H_
