// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_WEBSOCKET_CLIENT_H_
#define TALLYBELL_ENGINE_NET_WEBSOCKET_CLIENT_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/net/http_client.h"

namespace tallybell {

// Listens to what one server says over a WebSocket. Says nothing itself but pongs.
//
// Open and Read are called from one thread; Cancel from any. What a server does can neither hold
// them beyond their time, nor make a message grow beyond the cap, nor send us elsewhere.
class WebSocketClient {
 public:
  struct Options {
    HttpClient::Options http;  // whom to talk to and how; of its caps none
    DurationNs handshake_timeout = 10 * kSecond;
    // A server that neither says nor pings anything for so long is gone.
    DurationNs silence_timeout = 30 * kSecond;
    size_t max_message = 4 << 20;  // bytes
  };

  // The errors of HttpClient::Create.
  static absl::StatusOr<std::unique_ptr<WebSocketClient>> Create(Options options);

  virtual ~WebSocketClient() = default;

  // A new connection in the place of the last; `path` as HttpRequest has it. Unavailable,
  // Unauthenticated or DeadlineExceeded as HttpClient::Do; FailedPrecondition where the server
  // answers, and not with a WebSocket: "it answered 400: parse error"; Cancelled.
  virtual absl::Status Open(const std::string& path, const HttpHeaders& headers) = 0;

  // The next message. Unavailable once the connection has ended, with the reason that the server
  // gave; DeadlineExceeded if it fell silent; ResourceExhausted if the message is over the cap;
  // Cancelled. After an error there is no connection.
  virtual absl::StatusOr<std::string> Read() = 0;

  // Ends what is under way, and all that comes later, with Cancelled.
  virtual void Cancel() = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_WEBSOCKET_CLIENT_H_
