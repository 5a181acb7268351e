// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What goes in and out of an HTTP handler.
#ifndef TALLYBELL_ENGINE_NET_HTTP_SERVED_H_
#define TALLYBELL_ENGINE_NET_HTTP_SERVED_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"

namespace tallybell {

// Names and values in the order in which they came.
using HttpFields = std::vector<std::pair<std::string, std::string>>;

// A request that was read whole and is well-formed. A plain value.
struct ServedRequest {
  std::string method;   // "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE"
  std::string path;     // begins with a slash; percent-decoded once; ".." means nothing
  HttpFields query;     // decoded; values are the client's bytes, whatever they are
  HttpFields headers;   // values without the blanks around them
  std::string body;     // without its chunks; its Content-Encoding is still on it
  std::string peer;     // "127.0.0.1:51234", "[::1]:51234" or "unix"
  DurationNs wait = 0;  // an answer that comes later than this is not sent

  // The first header of that name, in any case; empty where there is none.
  absl::string_view Header(absl::string_view name) const;
  // The first query value of exactly that name; empty where there is none.
  absl::string_view Query(absl::string_view name) const;
};

// What a handler answers. Length, connection and safety headers are added by the listener; one of
// `headers` that they include replaces it, unless it is about where the answer ends.
struct ServedResponse {
  int status = 200;                                        // 200 to 599
  std::string content_type = "text/plain; charset=utf-8";  // of a body that is not empty
  std::string body;
  HttpFields headers;
};

// The right, and the duty, to answer one request once: now or later, from any thread, also after
// the listener is gone (then it does nothing). One that is dropped unused answers 500. Movable; a
// single one is not thread-safe.
class Responder {
 public:
  using Receiver = std::function<void(ServedResponse)>;

  // `receiver` is called once, on the thread that answers or drops.
  explicit Responder(Receiver receiver) : receiver_(std::move(receiver)) {}
  Responder(Responder&& other) noexcept : receiver_(std::exchange(other.receiver_, nullptr)) {}
  Responder& operator=(Responder&& other) noexcept;
  ~Responder() { Drop(); }

  // The first call answers; later ones do nothing.
  void Answer(ServedResponse response);
  // The same with a status and a line of text.
  void Answer(int status, absl::string_view text);

 private:
  void Drop();

  Receiver receiver_;
};

// Runs on the listener's thread, which serves every connection: it must return within a few
// milliseconds and hand what takes longer to a thread of its own. What it throws becomes a 500
// without a word of it.
using HttpHandler = std::function<void(ServedRequest request, Responder responder)>;

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_SERVED_H_
