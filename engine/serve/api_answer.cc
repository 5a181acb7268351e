// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/api_answer.h"

#include <utility>

#include "engine/serve/prometheus_api.h"

namespace tallybell {

ServedResponse JsonResponse(int status, const Json& body) {
  ServedResponse response;
  response.status = status;
  response.content_type = kJsonType;
  response.body = DumpJson(body);
  return response;
}

ServedResponse ErrorResponse(int status, absl::string_view type, absl::string_view what) {
  return JsonResponse(status, ErrorAnswer(type, what));
}

ServedResponse Ending() { return ErrorResponse(503, "unavailable", "tallybell is ending"); }

ServedResponse Overloaded() { return NotNow("too many requests wait"); }

ServedResponse NotNow(absl::string_view why) {
  ServedResponse response = ErrorResponse(503, "unavailable", why);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

SharedResponder Share(Responder responder) {
  return std::make_shared<Responder>(std::move(responder));
}

std::vector<std::string> QueryAll(const ServedRequest& request, absl::string_view name) {
  std::vector<std::string> values;
  for (const auto& [key, value] : request.query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

HttpRoute Route(std::string method, std::string path, HttpHandler handler) {
  HttpRoute route;
  route.method = std::move(method);
  route.path = std::move(path);
  route.handler = std::move(handler);
  return route;
}

}  // namespace tallybell
