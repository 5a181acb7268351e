// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_DIAL_H_
#define TALLYBELL_ENGINE_NET_DIAL_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "engine/base/time_ns.h"
#include "engine/base/unique_fd.h"

namespace tallybell {

// A TCP connection to a numeric address, made within `timeout`. `watch` is given the socket before
// it connects, so that another thread can shut it down meanwhile. The socket blocks and sends small
// packets at once.
//
// Unavailable, in words for people: it refuses connections, does not answer, cannot be reached.
absl::StatusOr<UniqueFd> Dial(const std::string& address, int port, DurationNs timeout,
                              absl::FunctionRef<void(int)> watch);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_DIAL_H_
