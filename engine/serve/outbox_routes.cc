// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/outbox_routes.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/serve/api_answer.h"
#include "engine/serve/prometheus_api.h"
#include "engine/serve/untold_json.h"

namespace tallybell {
namespace {

constexpr size_t kDefaultLimit = 1'000;
constexpr size_t kMaxLimit = 10'000;

ServedResponse ResponseOf(const absl::Status& status) {
  if (absl::IsInvalidArgument(status)) return ErrorResponse(400, "bad_data", status.message());
  if (absl::IsNotFound(status)) return ErrorResponse(404, "not_found", status.message());
  return ErrorResponse(409, "conflict", status.message());
}

absl::StatusOr<ServedResponse> List(const ServedRequest& request, Outbox* outbox) {
  size_t limit = kDefaultLimit;
  const absl::string_view asked = request.Query("limit");
  if (!asked.empty() && (!absl::SimpleAtoi(asked, &limit) || limit < 1 || limit > kMaxLimit)) {
    return absl::InvalidArgumentError(
        absl::StrCat("limit should be a number from 1 to ", kMaxLimit));
  }
  const std::vector<Untold> all = outbox->ListUntold();
  Json shown = Json::array();
  for (size_t i = 0; i < std::min(limit, all.size()); ++i) shown.push_back(UntoldJson(all[i]));
  return JsonResponse(200, SuccessAnswer({{"untold", std::move(shown)}, {"total", all.size()}}));
}

// What was done before something could not be done stays done, and the error says how much it was.
absl::StatusOr<ServedResponse> ForEachId(
    const std::vector<std::string>& ids, int changed,
    const std::function<absl::Status(const std::string& id)>& change) {
  for (const std::string& id : ids) {
    const absl::Status status = change(id);
    if (!status.ok()) {
      return absl::Status(status.code(), changed == 0 ? std::string(status.message())
                                                      : absl::StrCat(status.message(), "; ",
                                                                     changed, " changed before"));
    }
    ++changed;
  }
  return JsonResponse(200, SuccessAnswer({{"changed", changed}}));
}

absl::StatusOr<ServedResponse> Retry(const ServedRequest& request, Outbox* outbox) {
  const std::vector<std::string> ids = QueryAll(request, "id");
  const bool all = request.Query("all") == "true";
  if (ids.empty() && !all) {
    return absl::InvalidArgumentError("say what: id=ID, or all=true");
  }
  const int changed = all ? outbox->RetryAllParked() : 0;
  return ForEachId(ids, changed, [&](const std::string& id) { return outbox->RetryParked(id); });
}

absl::StatusOr<ServedResponse> Drop(const ServedRequest& request, Outbox* outbox) {
  const std::vector<std::string> ids = QueryAll(request, "id");
  if (ids.empty()) return absl::InvalidArgumentError("say what: id=ID");
  return ForEachId(ids, 0, [&](const std::string& id) { return outbox->Drop(id); });
}

}  // namespace

std::vector<HttpRoute> OutboxRoutes(std::function<bool(std::function<void()>)> run,
                                    std::shared_ptr<OutboxAccess> outbox) {
  using Act = absl::StatusOr<ServedResponse> (*)(const ServedRequest&, Outbox*);
  const auto handler = [&](Act act) -> HttpHandler {
    return [run, outbox, act](ServedRequest request, Responder r) {
      const SharedResponder responder = Share(std::move(r));
      const bool asked = run([responder, outbox, act, request = std::move(request)] {
        absl::StatusOr<ServedResponse> response = absl::UnavailableError("");
        const bool used = outbox->Use([&](Outbox* stored) { response = act(request, stored); });
        if (!used) return responder->Answer(Ending());
        responder->Answer(response.ok() ? *std::move(response) : ResponseOf(response.status()));
      });
      if (!asked) responder->Answer(Overloaded());
    };
  };
  std::vector<HttpRoute> routes;
  routes.push_back(Route("GET", "/api/v1/outbox", handler(&List)));
  routes.push_back(Route("POST", "/api/v1/outbox/retry", handler(&Retry)));
  routes.push_back(Route("DELETE", "/api/v1/outbox", handler(&Drop)));
  return routes;
}

}  // namespace tallybell
