// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/cli/run_state.h"

#include <stdio.h>

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "engine/cli/commands.h"

namespace tallybell {

std::unique_ptr<Store> OpenRunState(const Configuration& configuration, TimeNs now,
                                    int* exit_code) {
  Store::Options options;
  options.path = configuration.state_path;
  options.put_aside_at = now;
  options.ballast = configuration.state_ballast;
  options.allow_network_filesystem = configuration.state_allow_network_filesystem;
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
  if (store.ok()) return *std::move(store);
  fprintf(stderr, "tallybell run: %s\n", std::string(store.status().message()).c_str());
  *exit_code = Store::IsOfAnother(store.status()) ? kExitNotOurs : kExitTrouble;
  return nullptr;
}

}  // namespace tallybell
