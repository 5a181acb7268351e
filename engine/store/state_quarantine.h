// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_STORE_STATE_QUARANTINE_H_
#define TALLYBELL_ENGINE_STORE_STATE_QUARANTINE_H_

#include <string>

#include "absl/status/statusor.h"
#include "engine/base/time_ns.h"

namespace tallybell {

// So many state files that were put aside are kept; the oldest go first.
inline constexpr size_t kMaxPutAside = 3;

// Renames the state file at `path`, and what belongs to it (-wal, -shm, -journal), to
// PATH.corrupt-20240501T123230Z, with the same endings, so that the set can be opened there; any
// part of it may be missing. `now` is what the stamp says. Nobody may have it open any more.
// Returns the new name. Says in the log what it removed to keep to kMaxPutAside. On an error (what
// the system says) all names are as they were, as far as it can be done.
absl::StatusOr<std::string> PutStateAside(const std::string& path, TimeNs now);

// The same for its write-ahead log alone, which is of another file.
absl::StatusOr<std::string> PutLogAside(const std::string& path, TimeNs now);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_STATE_QUARANTINE_H_
