// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/alertmanager.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/base/status_macros.h"
#include "sinks/alert_json.h"
#include "sinks/bisection.h"
#include "sinks/http_verdict.h"

namespace tallybell {
namespace {

SinkPolicy PolicyOf(const AlertmanagerSink::Options& options) {
  SinkPolicy policy;
  policy.max_batch = AlertmanagerSink::kMaxBatch;
  policy.resend_firing = options.resend_firing;
  policy.resend_resolved = options.resend_resolved;
  policy.min_firing = options.min_firing;
  policy.wants_resolved = options.send_resolved;
  return policy;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AlertmanagerSink>> AlertmanagerSink::Create(Options options) {
  ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> client, HttpClient::Create(options.http));
  return std::make_unique<AlertmanagerSink>(std::move(options), std::move(client));
}

AlertmanagerSink::AlertmanagerSink(Options options, std::unique_ptr<HttpClient> client)
    : options_(std::move(options)),
      name_(absl::StrCat("alertmanager ", options_.http.base.ToString())),
      policy_(PolicyOf(options_)),
      client_(std::move(client)) {}

std::string AlertmanagerSink::Render(absl::Span<const Notice> notices, TimeNs now) const {
  Json body = Json::array();
  // What is repeated seldom must not end between two repeats.
  const DurationNs lease = std::max(kLease, kLeaseInRepeats * options_.resend_firing);
  for (const Notice& notice : notices) {
    const Alert& alert = *notice.alert;
    const TimeNs ends_at = alert.ends_at == kNoTime ? AddNs(now, lease) : alert.ends_at;
    Json one = {
        {"labels", LabelsJson(alert.labels)},
        {"annotations", AnnotationsJson(alert)},
        {"startsAt", FormatRfc3339Millis(alert.starts_at)},
        // An end before the start refuses the alert, and a record's clock may be ahead of ours.
        {"endsAt", FormatRfc3339Millis(std::max(ends_at, alert.starts_at))},
    };
    const std::string page = AlertPage(alert, options_.external_url);
    if (!page.empty()) one["generatorURL"] = page;
    body.push_back(std::move(one));
  }
  return DumpJson(body);
}

std::vector<Verdict> AlertmanagerSink::Send(absl::Span<const Notice> notices, TimeNs now) {
  return SendBisecting(
      notices, options_.timeout, [&](absl::Span<const Notice> batch, DurationNs deadline) {
        HttpRequest request;
        request.path = "/api/v2/alerts";
        request.body = Render(batch, now);
        const absl::StatusOr<HttpResponse> response = client_->Do(request, deadline);
        return BatchAnswer{VerdictOf(response, now), response.ok() ? response->elapsed : 0};
      });
}

}  // namespace tallybell
