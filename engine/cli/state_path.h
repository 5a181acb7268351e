// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_STATE_PATH_H_
#define TALLYBELL_ENGINE_CLI_STATE_PATH_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/cli/arguments.h"
#include "engine/model/labels.h"
#include "engine/store/state_reader.h"
#include "engine/store/store.h"

namespace tallybell {

// What the subcommands that look at a state file, or change one that is at rest, have in common.

// The state file that --state names, or --config's. InvalidArgument with a sentence for people.
absl::StatusOr<std::string> StatePath(const Arguments& arguments);

// To look at it, also while a tallybell runs on it. The copy that is read goes into $TMPDIR, or
// /tmp, and is gone when this returns.
absl::StatusOr<std::unique_ptr<StateReader>> ReadState(const std::string& path);

// To change it. FailedPrecondition, with what to do, if a tallybell runs on it.
absl::StatusOr<std::unique_ptr<Store>> OpenStateAtRest(const std::string& path);

// Each --group NAME=VALUE; an empty value means that the label is not there. InvalidArgument.
absl::StatusOr<std::vector<Labels::Pair>> GroupPairs(const Arguments& arguments);

// Text of logs and receivers on a terminal: control characters are shown, not obeyed.
std::string Printable(absl::string_view text);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_STATE_PATH_H_
