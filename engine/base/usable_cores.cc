// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/usable_cores.h"

#include <sched.h>

#include <algorithm>

namespace tallybell {

int UsableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(CPU_COUNT(&set), 1);
}

}  // namespace tallybell
