// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/webhook.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/base/status_macros.h"
#include "sinks/alert_json.h"
#include "sinks/bisection.h"
#include "sinks/http_verdict.h"

namespace tallybell {
namespace {

// The client puts a request's path behind its base's; here the configured URL is the whole path.
Url TakePath(Url url, std::string* path) {
  *path = url.path.empty() ? "/" : std::exchange(url.path, "");
  return url;
}

// Those pairs that all objects have.
Json Common(const std::vector<Json>& objects) {
  Json common = objects.empty() ? Json::object() : objects.front();
  for (const Json& object : objects) {
    Json kept = Json::object();
    for (const auto& [name, value] : common.items()) {
      const auto it = object.find(name);
      if (it != object.end() && *it == value) kept[name] = value;
    }
    common = std::move(kept);
  }
  return common;
}

}  // namespace

absl::StatusOr<std::unique_ptr<WebhookSink>> WebhookSink::Create(Options options) {
  HttpClient::Options http = options.http;
  std::string path;
  http.base = TakePath(http.base, &path);
  ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> client, HttpClient::Create(std::move(http)));
  return std::make_unique<WebhookSink>(std::move(options), std::move(client));
}

WebhookSink::WebhookSink(Options options, std::unique_ptr<HttpClient> client)
    : options_(std::move(options)),
      name_(absl::StrCat("webhook ", options_.http.base.ToString())),
      client_(std::move(client)) {
  TakePath(options_.http.base, &path_);
  policy_.max_batch = kMaxBatch;
  policy_.resend_firing = options_.resend_firing;
  policy_.wants_resolved = options_.send_resolved;
}

std::string WebhookSink::Render(absl::Span<const Notice> notices) const {
  Json alerts = Json::array();
  std::vector<Json> labels;
  std::vector<Json> annotations;
  bool any_firing = false;
  for (const Notice& notice : notices) {
    const Alert& alert = *notice.alert;
    const bool firing = alert.ends_at == kNoTime;
    any_firing = any_firing || firing;
    labels.push_back(LabelsJson(alert.labels));
    annotations.push_back(AnnotationsJson(alert));
    alerts.push_back({
        {"status", firing ? "firing" : "resolved"},
        {"labels", labels.back()},
        {"annotations", annotations.back()},
        {"startsAt", FormatRfc3339Millis(alert.starts_at)},
        {"endsAt", firing ? "0001-01-01T00:00:00Z" : FormatRfc3339Millis(alert.ends_at)},
        {"generatorURL", AlertPage(alert, options_.external_url)},
        {"fingerprint", FormatFingerprint(alert.Fingerprint())},
    });
  }
  return DumpJson({
      {"version", "4"},
      {"groupKey", "{}:{}"},
      {"truncatedAlerts", 0},
      {"status", any_firing ? "firing" : "resolved"},
      {"receiver", "tallybell"},
      {"groupLabels", Json::object()},
      {"commonLabels", Common(labels)},
      {"commonAnnotations", Common(annotations)},
      {"externalURL", options_.external_url},
      {"alerts", std::move(alerts)},
  });
}

std::vector<Verdict> WebhookSink::Send(absl::Span<const Notice> notices, TimeNs now) {
  return SendBisecting(
      notices, options_.timeout, [&](absl::Span<const Notice> batch, DurationNs deadline) {
        HttpRequest request;
        request.path = path_;
        request.body = Render(batch);
        const absl::StatusOr<HttpResponse> response = client_->Do(request, deadline);
        return BatchAnswer{VerdictOf(response, now), response.ok() ? response->elapsed : 0};
      });
}

}  // namespace tallybell
