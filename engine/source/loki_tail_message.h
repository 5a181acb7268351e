// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_LOKI_TAIL_MESSAGE_H_
#define TALLYBELL_ENGINE_SOURCE_LOKI_TAIL_MESSAGE_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"

namespace tallybell {

// What a message of a Loki's tail tells: when its lines were, not what they say.
struct LokiTailMessage {
  size_t lines = 0;
  TimeNs first = kNever;  // the least time of them
  TimeNs last = kNoTime;  // the greatest
  bool left_out = false;  // it says that it dropped some
};

// Reads one without looking into its lines, as fast as they come. InvalidArgument says where it is
// anything else. Linear; thread-safe.
absl::StatusOr<LokiTailMessage> ReadLokiTailMessage(absl::string_view message);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_LOKI_TAIL_MESSAGE_H_
