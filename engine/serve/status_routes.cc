// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/status_routes.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/serve/api_answer.h"
#include "engine/serve/status_assets.h"
#include "engine/serve/status_history_reader.h"
#include "engine/serve/status_page.h"

namespace tallybell {
namespace {

// The page comes without history rather than later than this.
constexpr DurationNs kPatience = 250 * kMillisecond;

constexpr char kPolicy[] =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void AddSafety(ServedResponse* response) {
  response->headers.emplace_back("Content-Security-Policy", kPolicy);
  response->headers.emplace_back("Referrer-Policy", "no-referrer");
  response->headers.emplace_back("X-Content-Type-Options", "nosniff");
  response->headers.emplace_back("X-Frame-Options", "DENY");
}

// An id as links have it, or nothing: 16 hex digits.
std::string IdOf(absl::string_view text) {
  if (text.size() != 16) return "";
  for (const char c : text) {
    if (!absl::ascii_isdigit(c) && !(c >= 'a' && c <= 'f')) return "";
  }
  return std::string(text);
}

// What one request wants.
struct Wish {
  bool fragment = false;
  std::string alert;
  std::string rule;

  bool operator==(const Wish& other) const {
    return fragment == other.fragment && alert == other.alert && rule == other.rule;
  }
};

Wish WishOf(const ServedRequest& request) {
  return {request.Query("fragment") == "1", IdOf(request.Query("alert")),
          IdOf(request.Query("rule"))};
}

// Makes the page; on the desk's thread, but for Begin.
class StatusMaker {
 public:
  explicit StatusMaker(StatusInputs inputs) : inputs_(std::move(inputs)), history_(inputs_.read) {}

  bool Ask(SnapshotDesk::Client client) const { return inputs_.ask(std::move(client)); }
  void Begin() { history_.Begin(); }

  // Who stood in line together gets the same page.
  std::string Make(std::shared_ptr<const EngineSnapshot> snapshot, const Wish& wish) {
    if (last_snapshot_.lock() == snapshot && last_wish_ == wish) return last_;
    StatusView view;
    view.snapshot = snapshot;
    view.alert = wish.alert;
    view.rule = wish.rule;
    ReadMetrics(&view);
    inputs_.outbox->Use([&](Outbox* outbox) { view.receivers = outbox->Standings(); });
    view.history = history_.Take(kPatience);
    last_ = wish.fragment ? StatusFragment(view) : StatusPage(view);
    last_snapshot_ = snapshot;
    last_wish_ = wish;
    return last_;
  }

 private:
  void ReadMetrics(StatusView* view) const {
    inputs_.metrics->VisitSamples(
        [view](const std::string& name, const MetricLabels& labels, int64_t value) {
          if (name == "build_info" && !labels.empty()) view->version = labels[0].second;
          if (name == "process_start_time_seconds") view->started_at = value;
          if (name == "config_last_reload_successful") view->reload_failed = value == 0;
        });
  }

  const StatusInputs inputs_;
  StatusHistoryReader history_;
  std::weak_ptr<const EngineSnapshot> last_snapshot_;
  Wish last_wish_;
  std::string last_;
};

HttpHandler ShowPage(std::shared_ptr<StatusMaker> maker) {
  return [maker = std::move(maker)](ServedRequest request, Responder r) {
    const SharedResponder responder = Share(std::move(r));
    maker->Begin();
    const auto client = [maker, responder,
                         wish = WishOf(request)](std::shared_ptr<const EngineSnapshot> snapshot) {
      if (snapshot == nullptr) return responder->Answer(503, "tallybell is ending");
      ServedResponse response;
      response.content_type = "text/html; charset=utf-8";
      response.body = maker->Make(std::move(snapshot), wish);
      AddSafety(&response);
      responder->Answer(std::move(response));
    };
    if (!maker->Ask(client)) responder->Answer(Overloaded());
  };
}

HttpRoute AssetRoute(const StatusAsset& asset) {
  return Route("GET", absl::StrCat("/", asset.path), [&asset](ServedRequest, Responder responder) {
    ServedResponse response;
    response.content_type = std::string(asset.content_type);
    response.body = std::string(asset.text);
    AddSafety(&response);
    // Another text has another name.
    response.headers.emplace_back("Cache-Control", "private, max-age=31536000, immutable");
    responder.Answer(std::move(response));
  });
}

}  // namespace

std::vector<HttpRoute> StatusRoutes(StatusInputs inputs) {
  std::vector<HttpRoute> routes;
  routes.push_back(Route("GET", "/", ShowPage(std::make_shared<StatusMaker>(std::move(inputs)))));
  routes.push_back(AssetRoute(StatusStyle()));
  routes.push_back(AssetRoute(StatusScript()));
  return routes;
}

}  // namespace tallybell
