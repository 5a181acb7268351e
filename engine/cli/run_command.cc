// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <stdio.h>

#include "engine/cli/commands.h"

namespace tallybell {

int RunCommand(const std::vector<std::string>& words) {
  (void)words;
  return kExitUsage;
}

}  // namespace tallybell
