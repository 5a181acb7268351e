// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_PUSH_ERROR_H_
#define TALLYBELL_ENGINE_SOURCE_PUSH_ERROR_H_

#include <string>

#include "absl/status/status.h"

namespace tallybell {

// What a client that pushes is answered when its push was not taken as a whole.
struct PushError {
  int status = 0;               // of HTTP
  std::string message;          // the body, text/plain
  int retry_after_seconds = 0;  // 0: no such header
};

// The answer that stands for a status of the push source: docs/loki-push.md, "Answers".
//   InvalidArgument 400, Unauthenticated 401, OutOfRange 413, FailedPrecondition 422,
//   ResourceExhausted 429, all else 503.
PushError PushErrorOf(const absl::Status& status);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_PUSH_ERROR_H_
