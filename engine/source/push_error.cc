// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/push_error.h"

namespace tallybell {
namespace {

// A client that is told to come again does so by its own back-off; this is the least.
constexpr int kRetryAfterSeconds = 1;

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kOutOfRange:
      return 413;
    case absl::StatusCode::kFailedPrecondition:
      return 422;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    default:
      return 503;
  }
}

}  // namespace

PushError PushErrorOf(const absl::Status& status) {
  PushError error;
  error.status = HttpStatusOf(status.code());
  error.message = std::string(status.message()) + "\n";
  if (error.status == 429 || error.status == 503) error.retry_after_seconds = kRetryAfterSeconds;
  return error;
}

}  // namespace tallybell
