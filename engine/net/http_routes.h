// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_HTTP_ROUTES_H_
#define TALLYBELL_ENGINE_NET_HTTP_ROUTES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/net/http_served.h"

namespace tallybell {

// What is answered under a method and a path. A GET route answers HEAD too.
struct HttpRoute {
  std::string method;      // "GET", "POST", "PUT", "PATCH" or "DELETE"
  std::string path;        // "/loki/api/v1/push"
  bool is_prefix = false;  // also every path that goes on behind it
  int64_t max_body = 0;    // bytes as sent; more is answered with 413
  bool needs_auth = true;  // false: anybody may ask, where others need a password
  HttpHandler handler;
};

// Finds the route of a request. Immutable, so any thread may ask it.
class HttpRoutes {
 public:
  // InvalidArgument for a route with an unknown method, a path without its slash, no handler, or
  // the method and path of another.
  static absl::StatusOr<HttpRoutes> Make(std::vector<HttpRoute> routes);

  // An exact path goes before a prefix, a longer prefix before a shorter one. Null where there is
  // none; then `*allow` holds the methods that the path has ("GET, HEAD"), or nothing where it is
  // unknown.
  const HttpRoute* Find(absl::string_view method, absl::string_view path, std::string* allow) const;

 private:
  explicit HttpRoutes(std::vector<HttpRoute> routes) : routes_(std::move(routes)) {}

  std::vector<HttpRoute> routes_;  // the first that fits is the one
};

// Whether a route can have this method, or it is HEAD.
bool IsServedMethod(absl::string_view method);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_ROUTES_H_
