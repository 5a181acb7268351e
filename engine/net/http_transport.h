// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// One connection's bytes and alarm, with TLS or without: all that its protocol needs to know of
// sockets.
#ifndef TALLYBELL_ENGINE_NET_HTTP_TRANSPORT_H_
#define TALLYBELL_ENGINE_NET_HTTP_TRANSPORT_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"

namespace boost::asio {
class io_context;
}

namespace tallybell {

// A certificate, its key, and the least version that a client must speak. Thread-safe.
class ServerTls {
 public:
  virtual ~ServerTls() = default;

  // TLS 1.2 or later, no renegotiation. PEM files; the first may hold the whole chain.
  // InvalidArgument, with what the library says, if they cannot be read or do not fit.
  static absl::StatusOr<std::shared_ptr<ServerTls>> Load(const std::string& cert_file,
                                                         const std::string& key_file);
};

// Not thread-safe: all of it happens on the thread that runs the io_context. Each callback comes
// once, never before the call that it was given to has returned. Keeps itself alive while a
// callback is due, but not what the bytes are in: callbacks hold on to that.
class HttpTransport {
 public:
  using Done = std::function<void(bool ok)>;

  virtual ~HttpTransport() = default;

  // Takes over a connected socket, also where the system refuses it and null is returned. `tls`
  // null: as it is.
  static std::shared_ptr<HttpTransport> Make(boost::asio::io_context* io, int socket,
                                             std::shared_ptr<ServerTls> tls);

  // Agrees on keys; at once where there is no TLS. To be called first.
  virtual void Handshake(Done done) = 0;
  // Reads what is there, at least a byte, into `data`. 0: the client ended, or it broke.
  virtual void Read(char* data, size_t size, std::function<void(size_t)> done) = 0;
  // Writes all of `bytes`.
  virtual void Write(absl::string_view bytes, Done done) = 0;
  // Tells the client that no more comes, and throws away what it had sent and not noticed yet: an
  // answer is lost if the connection is closed on unread bytes. Done when the client has closed,
  // or has sent more than anybody does by mistake.
  virtual void Finish(Done done) = 0;
  // Ends everything; callbacks that are due come as failures.
  virtual void Close() = 0;
  // Calls `ring` after `delay`, unless it is set anew, or closed, before.
  virtual void SetAlarm(DurationNs delay, std::function<void()> ring) = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_TRANSPORT_H_
