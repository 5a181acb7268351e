// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_routes.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

bool Fits(const HttpRoute& route, absl::string_view path) {
  return route.is_prefix ? absl::StartsWith(path, route.path) : path == route.path;
}

}  // namespace

bool IsServedMethod(absl::string_view method) {
  for (absl::string_view known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}) {
    if (method == known) return true;
  }
  return false;
}

absl::StatusOr<HttpRoutes> HttpRoutes::Make(std::vector<HttpRoute> routes) {
  for (auto route = routes.begin(); route != routes.end(); ++route) {
    if (!IsServedMethod(route->method) || route->method == "HEAD" ||
        !absl::StartsWith(route->path, "/") || route->handler == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("not a route: ", route->method, " ", route->path));
    }
    if (std::any_of(routes.begin(), route, [&route](const HttpRoute& other) {
          return other.method == route->method && other.path == route->path &&
                 other.is_prefix == route->is_prefix;
        })) {
      return absl::InvalidArgumentError(
          absl::StrCat("two routes are ", route->method, " ", route->path));
    }
  }
  std::stable_sort(routes.begin(), routes.end(), [](const HttpRoute& a, const HttpRoute& b) {
    if (a.is_prefix != b.is_prefix) return b.is_prefix;
    return a.path.size() > b.path.size();
  });
  return HttpRoutes(std::move(routes));
}

const HttpRoute* HttpRoutes::Find(absl::string_view method, absl::string_view path,
                                  std::string* allow) const {
  allow->clear();
  for (const HttpRoute& route : routes_) {
    if (!Fits(route, path)) continue;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) return &route;
    if (absl::StrContains(*allow, route.method)) continue;
    absl::StrAppend(allow, allow->empty() ? "" : ", ", route.method,
                    route.method == "GET" ? ", HEAD" : "");
  }
  return nullptr;
}

}  // namespace tallybell
