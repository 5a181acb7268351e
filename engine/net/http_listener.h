// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_HTTP_LISTENER_H_
#define TALLYBELL_ENGINE_NET_HTTP_LISTENER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/metrics.h"
#include "engine/base/time_ns.h"
#include "engine/net/http_auth.h"
#include "engine/net/http_limits.h"
#include "engine/net/http_routes.h"

namespace tallybell {

// An HTTP/1.1 server on one socket, with one thread of its own that serves every connection and
// calls every handler.
//
// Made for clients of any kind and any number: each limit of HttpLimits holds for all of them, and
// whoever waits longest without a request under way goes first when there are too many
// (docs/server.md). A message at a time on each connection; no CORS, no redirects, no files. Writes
// nothing about requests into the log; counts http_requests_total{code},
// http_refused_total{reason}, http_handler_failures_total and, as a gauge, http_connections.
class HttpListener {
 public:
  struct Options {
    // "127.0.0.1:9468", "[::1]:0", "localhost:9468", ":9468" for every address, or
    // "unix:/run/tallybell.sock" (ListenSocket::Open).
    std::string listen;
    std::string cert_file;  // PEM, both or none: TLS 1.2 or later
    std::string key_file;
    bool insecure = false;  // allows an address that others can reach, without TLS
    HttpAuth::Options auth;
    // Names that a client on this host may call it by, without port, besides localhost.
    std::vector<std::string> allowed_hosts;
    HttpLimits limits;
  };

  // Listens and serves at once. `metrics` outlives it. InvalidArgument for options that contradict
  // each other; else why it cannot listen there.
  static absl::StatusOr<std::unique_ptr<HttpListener>> Create(Options options,
                                                              std::vector<HttpRoute> routes,
                                                              Metrics* metrics);

  // As Stop(0), if it was not stopped.
  virtual ~HttpListener() = default;

  // As it can be connected to: "127.0.0.1:40123", "unix:/run/tallybell.sock". Any thread.
  virtual const std::string& address() const = 0;
  // 0 for a unix socket. Any thread.
  virtual int port() const = 0;

  // Reads certificate and key again, for connections that come from now on. Any thread. Keeps the
  // old ones where the new ones are no good, and says why.
  virtual absl::Status ReloadTls() = 0;

  // Takes no new connection or request, waits up to `grace` for the answers that are due, closes
  // what is left and ends the thread. From any thread but a handler's. Handlers are not called
  // again once it returned; responders that are still about do nothing.
  virtual void Stop(DurationNs grace) = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_LISTENER_H_
