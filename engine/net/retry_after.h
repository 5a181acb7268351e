// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_RETRY_AFTER_H_
#define TALLYBELL_ENGINE_NET_RETRY_AFTER_H_

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"

namespace tallybell {

// How long a Retry-After header asks to wait: a number of seconds, or an HTTP date counted from
// `now` (wall clock). 0 where it is anything else or names the past; not clamped otherwise.
DurationNs ParseRetryAfter(absl::string_view value, TimeNs now);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_RETRY_AFTER_H_
