// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/alert.h"

namespace tallybell {

absl::string_view AlertStateName(AlertState state) {
  switch (state) {
    case AlertState::kInactive:
      return "inactive";
    case AlertState::kPending:
      return "pending";
    case AlertState::kFiring:
      return "firing";
    case AlertState::kResolved:
      return "resolved";
  }
  return "inactive";
}

}  // namespace tallybell
