// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_BASE_USABLE_CORES_H_
#define TALLYBELL_ENGINE_BASE_USABLE_CORES_H_

namespace tallybell {

// How many cores this process may use, at least one: those of its affinity, not of the machine.
int UsableCores();

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_USABLE_CORES_H_
