// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_API_ANSWER_H_
#define TALLYBELL_ENGINE_SERVE_API_ANSWER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/json_text.h"
#include "engine/net/http_routes.h"
#include "engine/net/http_served.h"

namespace tallybell {

// What the routes of the API have in common: how they answer, and how they are asked.

inline constexpr char kJsonType[] = "application/json";

ServedResponse JsonResponse(int status, const Json& body);
// See ErrorAnswer.
ServedResponse ErrorResponse(int status, absl::string_view type, absl::string_view what);
// 503: tallybell is ending; too many requests wait.
ServedResponse Ending();
ServedResponse Overloaded();
// 503 for what is worth another try in a second.
ServedResponse NotNow(absl::string_view why);

// What is kept in a function that may be copied; a responder itself may not.
using SharedResponder = std::shared_ptr<Responder>;
SharedResponder Share(Responder responder);

// All query values of that name, in order.
std::vector<std::string> QueryAll(const ServedRequest& request, absl::string_view name);

// A route without a body that needs the password, where there is one.
HttpRoute Route(std::string method, std::string path, HttpHandler handler);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_API_ANSWER_H_
