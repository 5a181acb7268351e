// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_RUN_STATE_H_
#define TALLYBELL_ENGINE_CLI_RUN_STATE_H_

#include <memory>

#include "engine/base/time_ns.h"
#include "engine/run/configuration.h"
#include "engine/store/store.h"

namespace tallybell {

// Opens the state file of `tallybell run`: a damaged one is put aside and a new one begun, so that
// no start fails twice for the same damage. `now` is the wall clock. If it cannot be opened, says
// why on stderr, sets `*exit_code` and returns null.
std::unique_ptr<Store> OpenRunState(const Configuration& configuration, TimeNs now, int* exit_code);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_RUN_STATE_H_
