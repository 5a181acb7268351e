// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_HTTP_LIMITS_H_
#define TALLYBELL_ENGINE_NET_HTTP_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "engine/base/time_ns.h"
#include "engine/net/http_head.h"

namespace tallybell {

// What a listener grants its clients. docs/server.md says what happens beyond each.
struct HttpLimits {
  HttpHeadReader::Limits head;
  int64_t max_body = 8 * 1024 * 1024;            // of any route, as sent
  int64_t bodies_in_memory = 64 * 1024 * 1024;   // of requests not answered yet, together
  int64_t answers_in_memory = 64 * 1024 * 1024;  // of answers not taken yet, together
  size_t connections = 1024;
  DurationNs head_time = 5 * kSecond;   // from a head's first byte (or the connection's begin, TLS
                                        // included) to its last
  DurationNs body_time = 30 * kSecond;  // from a head's end to the body's
  DurationNs answer_time = 30 * kSecond;  // from a body's end to the handler's answer
  DurationNs write_time = 30 * kSecond;   // for the client to take the answer
  DurationNs idle_time = 60 * kSecond;    // between two requests on one connection
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_LIMITS_H_
