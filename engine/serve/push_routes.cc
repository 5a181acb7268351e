// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/push_routes.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

ServedResponse ResponseOf(const PushError& error) {
  ServedResponse response;
  response.status = error.status;
  response.body = error.message;
  if (error.retry_after_seconds > 0) {
    response.headers.emplace_back("Retry-After", absl::StrCat(error.retry_after_seconds));
  }
  return response;
}

// Decodes on the listener's thread, which costs a few milliseconds a MiB; the answer comes from the
// committer's, when what was pushed is on the disk.
HttpHandler TakePush(PushIntake* intake) {
  return [intake](ServedRequest request, Responder r) {
    const auto responder = std::make_shared<Responder>(std::move(r));
    PushRequest push;
    push.path = std::move(request.path);
    push.content_type = std::string(request.Header("Content-Type"));
    push.content_encoding = std::string(request.Header("Content-Encoding"));
    push.tenant = std::string(request.Header("X-Scope-OrgID"));
    push.body = std::move(request.body);
    const absl::Status status = intake->Offer(
        std::move(push),
        [responder](const PushError& answer) { responder->Answer(ResponseOf(answer)); });
    if (!status.ok()) responder->Answer(ResponseOf(PushErrorOf(status)));
  };
}

}  // namespace

std::vector<HttpRoute> PushRoutes(PushIntake* intake, int64_t max_body) {
  std::vector<HttpRoute> routes;
  for (const char* const path : {"/loki/api/v1/push", "/api/prom/push"}) {
    HttpRoute route;
    route.method = "POST";
    route.path = path;
    route.max_body = max_body;
    route.handler = TakePush(intake);
    routes.push_back(std::move(route));
  }
  // What asks whether a Loki is ready before it pushes.
  HttpRoute ready;
  ready.method = "GET";
  ready.path = "/ready";
  ready.needs_auth = false;
  ready.handler = [](ServedRequest, Responder responder) { responder.Answer(200, "ready"); };
  routes.push_back(std::move(ready));
  return routes;
}

}  // namespace tallybell
