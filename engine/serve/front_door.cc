// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/front_door.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/json_text.h"
#include "engine/base/status_macros.h"
#include "engine/serve/api_answer.h"
#include "engine/serve/history_routes.h"
#include "engine/serve/metrics_page.h"
#include "engine/serve/outbox_routes.h"
#include "engine/serve/prometheus_api.h"
#include "engine/serve/status_routes.h"

namespace tallybell {
namespace {

RulesQuery ReadRulesQuery(const ServedRequest& request) {
  RulesQuery query;
  const absl::string_view type = request.Query("type");
  query.alerting = type.empty() || type == "alert";
  query.exclude_alerts = request.Query("exclude_alerts") == "true";
  query.rule_names = QueryAll(request, "rule_name[]");
  query.groups = QueryAll(request, "rule_group[]");
  query.files = QueryAll(request, "file[]");
  return query;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FrontDoor>> FrontDoor::Open(HttpListener::Options options,
                                                           std::vector<HttpRoute> more_routes,
                                                           EngineHooks hooks,
                                                           EngineMailbox* mailbox,
                                                           Metrics* metrics) {
  std::unique_ptr<FrontDoor> door(new FrontDoor(std::move(hooks), mailbox, metrics));
  std::vector<HttpRoute> routes = door->Routes();
  door->AddStateRoutes(&routes);
  for (HttpRoute& route : more_routes) routes.push_back(std::move(route));
  ASSIGN_OR_RETURN(door->listener_,
                   HttpListener::Create(std::move(options), std::move(routes), metrics));
  return door;
}

FrontDoor::FrontDoor(EngineHooks hooks, EngineMailbox* mailbox, Metrics* metrics)
    : hooks_(std::move(hooks)),
      mailbox_(mailbox),
      metrics_(metrics),
      desk_(std::make_unique<SnapshotDesk>(mailbox, hooks_.snapshot)) {}

void FrontDoor::Close(DurationNs grace) {
  listener_->Stop(grace);
  desk_.reset();
}

std::vector<HttpRoute> FrontDoor::Routes() {
  const HttpHandler alive = [](ServedRequest, Responder responder) {
    responder.Answer(200, "tallybell is healthy");
  };
  std::vector<HttpRoute> routes;
  // Whether it lives is nobody's secret, and must be answered whatever else waits.
  routes.push_back(Route("GET", "/-/healthy", alive));
  routes.back().needs_auth = false;
  routes.push_back(Route("GET", "/-/ready", [mailbox = mailbox_](ServedRequest, Responder r) {
    // Ready is who still turns: reads, evaluates, and can be asked.
    const SharedResponder responder = Share(std::move(r));
    if (!mailbox->Post(
            [responder](LiveEngine*) { responder->Answer(200, "tallybell is ready"); })) {
      responder->Answer(503, "tallybell is not ready");
    }
  }));
  routes.back().needs_auth = false;
  routes.push_back(Route("GET", "/metrics", ShowMetrics()));
  routes.push_back(Route("POST", "/-/reload", Reload()));
  routes.push_back(Route("PUT", "/-/reload", Reload()));
  routes.push_back(Route("GET", "/api/v1/rules",
                         ShowSnapshot([](const EngineSnapshot& snapshot, const ServedRequest& ask) {
                           return DumpJson(RulesAnswer(snapshot, ReadRulesQuery(ask)));
                         })));
  routes.push_back(Route("GET", "/api/v1/alerts",
                         ShowSnapshot([](const EngineSnapshot& snapshot, const ServedRequest&) {
                           return DumpJson(AlertsAnswer(snapshot));
                         })));
  routes.push_back(Route("GET", "/api/v1/status/sources",
                         ShowSnapshot([](const EngineSnapshot& snapshot, const ServedRequest&) {
                           return DumpJson(SourcesAnswer(snapshot));
                         })));
  routes.push_back(Route("GET", "/api/v1/status/config", ShowConfiguration()));
  routes.push_back(Route("DELETE", "/api/v1/groups", Forget()));
  return routes;
}

// What only the committer and the outbox know.
void FrontDoor::AddStateRoutes(std::vector<HttpRoute>* routes) {
  const auto read = [this](Committer::Reader reader) {
    // Refused or forgotten, the reader is destroyed, and answers so.
    mailbox_->Post([this, reader = std::move(reader)](LiveEngine* engine) {
      hooks_.read_state(engine, reader);
    });
  };
  StatusInputs inputs;
  inputs.ask = [this](SnapshotDesk::Client client) { return desk_->Ask(std::move(client)); };
  inputs.read = read;
  inputs.outbox = hooks_.outbox;
  inputs.metrics = metrics_;
  for (HttpRoute& route : StatusRoutes(std::move(inputs))) routes->push_back(std::move(route));
  for (HttpRoute& route : HistoryRoutes(read, hooks_.clock)) routes->push_back(std::move(route));
  const auto run = [this](std::function<void()> work) { return desk_->Run(std::move(work)); };
  for (HttpRoute& route : OutboxRoutes(run, hooks_.outbox)) routes->push_back(std::move(route));
}

HttpHandler FrontDoor::ShowSnapshot(
    std::function<std::string(const EngineSnapshot&, const ServedRequest&)> show) {
  return [this, show = std::move(show)](ServedRequest request, Responder r) {
    const SharedResponder responder = Share(std::move(r));
    const auto client = [responder, request = std::move(request),
                         show](std::shared_ptr<const EngineSnapshot> snapshot) {
      if (snapshot == nullptr) return responder->Answer(Ending());
      ServedResponse response;
      response.content_type = kJsonType;
      response.body = show(*snapshot, request);
      responder->Answer(std::move(response));
    };
    if (!desk_->Ask(client)) responder->Answer(Overloaded());
  };
}

// The gauges are brought up to date by the evaluation thread; the page is written by the desk's.
HttpHandler FrontDoor::ShowMetrics() {
  return [this](ServedRequest, Responder r) {
    const SharedResponder responder = Share(std::move(r));
    const bool posted = mailbox_->Post([this, responder](LiveEngine* engine) {
      hooks_.update_gauges(engine);
      const bool asked = desk_->Run([this, responder] {
        ServedResponse response;
        response.content_type = kMetricsContentType;
        response.body = MetricsPage(*metrics_);
        responder->Answer(std::move(response));
      });
      if (!asked) responder->Answer(Overloaded());
    });
    if (!posted) responder->Answer(Ending());
  };
}

HttpHandler FrontDoor::Reload() {
  return [this](ServedRequest, Responder r) {
    const SharedResponder responder = Share(std::move(r));
    const bool posted = mailbox_->Post([this, responder](LiveEngine* engine) {
      const absl::Status status = hooks_.reload(engine);
      if (status.ok()) return responder->Answer(200, "");
      if (absl::IsUnavailable(status)) return responder->Answer(NotNow(status.message()));
      responder->Answer(500, absl::StrCat("failed to reload config: ", status.message()));
    });
    if (!posted) responder->Answer(Ending());
  };
}

HttpHandler FrontDoor::ShowConfiguration() {
  return [this](ServedRequest, Responder r) {
    const SharedResponder responder = Share(std::move(r));
    const bool posted = mailbox_->Post([this, responder](LiveEngine* engine) {
      responder->Answer(JsonResponse(200, SuccessAnswer({{"yaml", hooks_.configuration(engine)}})));
    });
    if (!posted) responder->Answer(Ending());
  };
}

// DELETE /api/v1/groups?rule=R&group=host=mac1&group=...
HttpHandler FrontDoor::Forget() {
  return [this](ServedRequest request, Responder r) {
    const SharedResponder responder = Share(std::move(r));
    const std::string rule(request.Query("rule"));
    if (rule.empty()) {
      return responder->Answer(ErrorResponse(400, "bad_data", "no rule=NAME in the query"));
    }
    Labels group;
    for (const std::string& pair : QueryAll(request, "group")) {
      const std::pair<std::string, std::string> parts =
          absl::StrSplit(pair, absl::MaxSplits('=', 1));
      // A value that is empty would be every group's.
      if (!IsLabelName(parts.first) || parts.second.empty()) {
        return responder->Answer(ErrorResponse(400, "bad_data", "group is NAME=VALUE"));
      }
      group.Set(parts.first, parts.second);
    }
    const bool posted = mailbox_->Post([this, responder, rule, group](LiveEngine* engine) {
      const absl::Status status = hooks_.forget(engine, rule, group);
      if (status.ok()) return responder->Answer(JsonResponse(200, SuccessAnswer(Json::object())));
      responder->Answer(
          ErrorResponse(absl::IsNotFound(status) ? 404 : 400, "bad_data", status.message()));
    });
    if (!posted) responder->Answer(Ending());
  };
}

}  // namespace tallybell
