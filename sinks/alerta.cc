// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/alerta.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "engine/base/json_text.h"
#include "engine/base/status_macros.h"
#include "sinks/alert_json.h"
#include "sinks/clean_text.h"
#include "sinks/http_verdict.h"

namespace tallybell {
namespace {

// The four that are an alert's key share one index row of 2.7 KB in Alerta's database.
constexpr size_t kMaxResource = 1024;
constexpr size_t kMaxKeyPart = 256;
constexpr size_t kMaxText = 4 * 1024;
constexpr size_t kMaxRawData = 8 * 1024;
constexpr size_t kMaxTag = 1024 + 256;
constexpr size_t kMaxTags = 64;
// An alert that is not repeated four times over has lost its teller.
constexpr int64_t kTimeoutInRepeats = 4;
constexpr int64_t kDefaultTimeoutSeconds = 86400;

// These labels say something that Alerta has a field for.
constexpr absl::string_view kFieldLabels[] = {"alertname", "severity", "environment", "service",
                                              "group",     "customer", "resource",    "event"};

std::string LabelOr(const Alert& alert, absl::string_view label, absl::string_view otherwise,
                    size_t max_bytes) {
  const absl::string_view value = alert.labels.Get(label);
  return CleanIdentity(value.empty() ? otherwise : value, max_bytes);
}

Json Tags(const Labels& labels) {
  Json tags = Json::array();
  for (const auto& [name, value] : labels.pairs()) {
    const bool is_field =
        std::find(std::begin(kFieldLabels), std::end(kFieldLabels), name) != std::end(kFieldLabels);
    if (is_field || tags.size() == kMaxTags) continue;
    tags.push_back(CleanText(absl::StrCat(name, "=", value), kMaxTag));
  }
  return tags;
}

Json Service(const Alert& alert, const std::vector<std::string>& otherwise) {
  Json service = Json::array();
  const absl::string_view label = alert.labels.Get("service");
  for (absl::string_view name : absl::StrSplit(label, ',', absl::SkipWhitespace())) {
    service.push_back(CleanText(absl::StripAsciiWhitespace(name), kMaxKeyPart));
  }
  if (!service.empty()) return service;
  for (const std::string& name : otherwise) service.push_back(CleanText(name, kMaxKeyPart));
  return service;
}

std::string Annotation(const Alert& alert, absl::string_view name) {
  for (const auto& [n, value] : alert.annotations) {
    if (n == name && !value.empty()) return value;
  }
  return "";
}

// What an operator reads in the list of alerts.
std::string Text(const Alert& alert) {
  std::string text = Annotation(alert, "description");
  if (text.empty()) text = Annotation(alert, "summary");
  if (text.empty()) text = alert.rule;
  return CleanText(text, kMaxText);
}

Json Attributes(const Alert& alert, absl::string_view external_url) {
  Json attributes = Json::object();
  for (const auto& [name, value] : alert.annotations) {
    // "ip" is Alerta's own and overwritten by it; a name with "." or "$" refuses the alert.
    if (name == "description" || name == "ip") continue;
    attributes[CleanLabelName(name)] = CleanText(value, kMaxText);
  }
  attributes["startsAt"] = FormatRfc3339Millis(alert.starts_at);
  // Alerta merges attributes: what an earlier telling left is taken away with a null.
  attributes["endsAt"] =
      alert.ends_at == kNoTime ? Json() : Json(FormatRfc3339Millis(alert.ends_at));
  const std::string page = AlertPage(alert, external_url);
  if (!page.empty()) attributes["externalUrl"] = page;
  return attributes;
}

// The server's own words, whatever else its answer holds.
std::string Message(const HttpResponse& response) {
  const absl::StatusOr<Json> body = ParseJson(response.body);
  if (!body.ok() || !body->is_object()) return "";
  const auto it = body->find("message");
  return it != body->end() && it->is_string() ? it->get<std::string>() : "";
}

bool SaysError(const HttpResponse& response) {
  const absl::StatusOr<Json> body = ParseJson(response.body);
  if (!body.ok() || !body->is_object()) return false;
  const auto it = body->find("status");
  return it != body->end() && it->is_string() && it->get<std::string>() == "error";
}

// A 500 whose words name the payload will be a 500 for ever; one that names the database will not.
Verdict::Kind KindOfInternalError(absl::string_view message) {
  for (const absl::string_view permanent : {"Severity (", "operator does not exist",
                                            "A string literal cannot contain NUL", "index row"}) {
    if (absl::StrContains(message, permanent)) return Verdict::Kind::kRejected;
  }
  for (const absl::string_view passing : {"duplicate key", "NoneType", "Database connect error"}) {
    if (absl::StrContains(message, passing)) return Verdict::Kind::kRetry;
  }
  return Verdict::Kind::kSuspect;
}

Verdict VerdictOfAlerta(const absl::StatusOr<HttpResponse>& response, TimeNs now) {
  Verdict verdict = VerdictOf(response, now);
  if (!response.ok()) return verdict;
  const int status = response->status;
  const std::string message = Message(*response);
  if (status == 202) {
    verdict.kind = Verdict::Kind::kDeferred;
  } else if (status == 403 && absl::StartsWith(message, "[POLICY]")) {
    verdict.kind = Verdict::Kind::kRejected;
    verdict.unauthorized = false;
  } else if (status == 409) {
    verdict.kind = Verdict::Kind::kSuspect;
  } else if (status == 500) {
    verdict.kind = KindOfInternalError(message);
  } else if (verdict.kind == Verdict::Kind::kAccepted && status != 201 && SaysError(*response)) {
    verdict.kind = Verdict::Kind::kSuspect;
  }
  // A 401 repeats the key that it was given.
  if (status != 401 && status != 201) verdict.answer = AnswerText(*response, message);
  if (status == 404) verdict.answer += " (does the URL lead to the API, often .../api?)";
  return verdict;
}

}  // namespace

std::string AlertaResource(const std::vector<std::string>& by_values, absl::string_view alertname) {
  if (by_values.empty()) return std::string(alertname);
  std::string resource = absl::StrJoin(by_values, "/", [](std::string* out, const auto& value) {
    absl::StrAppend(out, absl::StrReplaceAll(value, {{"%", "%25"}, {"/", "%2F"}}));
  });
  // One value that is empty would make a resource that Alerta refuses.
  return resource.empty() ? std::string(alertname) : resource;
}

absl::StatusOr<std::unique_ptr<AlertaSink>> AlertaSink::Create(Options options) {
  if (options.environment.empty()) return absl::InvalidArgumentError("environment is empty");
  if (options.service.empty()) {
    return absl::InvalidArgumentError("service is empty: Alerta refuses an alert without one");
  }
  for (const auto& [word, severity] : options.severities) {
    if (AlertaSeverity(severity) != severity) {
      return absl::InvalidArgumentError(absl::StrCat("severity ", word, ": \"", severity,
                                                     "\" is not one that Alerta keeps open"));
    }
  }
  ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> client, HttpClient::Create(options.http));
  return std::make_unique<AlertaSink>(std::move(options), std::move(client));
}

AlertaSink::AlertaSink(Options options, std::unique_ptr<HttpClient> client)
    : options_(std::move(options)),
      name_(absl::StrCat("alerta ", options_.http.base.ToString())),
      client_(std::move(client)) {
  // One at a time: two posts of one key at once make the server fail. One thread sends.
  policy_.max_batch = 1;
  policy_.resend_firing = options_.resend_firing;
  policy_.wants_resolved = options_.send_resolved;
}

std::string AlertaSink::Render(const Notice& notice) const {
  const Alert& alert = *notice.alert;
  const bool firing = alert.ends_at == kNoTime;
  const std::string resource = AlertaResource(alert.by_values, alert.rule);
  const std::string customer = LabelOr(alert, "customer", options_.customer, kMaxKeyPart);
  const std::string group = LabelOr(alert, "group", options_.group, kMaxKeyPart);
  Json body = {
      {"resource", LabelOr(alert, "resource", resource, kMaxResource)},
      {"event", LabelOr(alert, "event", alert.rule, kMaxKeyPart)},
      {"environment", LabelOr(alert, "environment", options_.environment, kMaxKeyPart)},
      {"severity",
       firing ? AlertaSeverity(alert.labels.Get("severity"), options_.severities) : "normal"},
      {"service", Service(alert, options_.service)},
      {"value", absl::StrCat(notice.first_value, notice.first_exact ? "" : "+")},
      {"text", Text(alert)},
      {"tags", Tags(alert.labels)},
      {"attributes", Attributes(alert, options_.external_url)},
      {"origin", "tallybell"},
      {"type", "tallybellAlert"},
      {"timeout", options_.resend_firing > 0
                      ? kTimeoutInRepeats * (options_.resend_firing / kSecond)
                      : kDefaultTimeoutSeconds},
      {"rawData", CleanText(EvidenceText(alert), kMaxRawData)},
  };
  if (!group.empty()) body["group"] = group;
  if (!customer.empty()) body["customer"] = customer;
  return DumpJson(body);
}

Verdict AlertaSink::SendOne(const Notice& notice, TimeNs now) {
  if (LabelOr(*notice.alert, "event", notice.alert->rule, kMaxKeyPart) == "Heartbeat") {
    Verdict verdict;
    verdict.kind = Verdict::Kind::kRejected;
    verdict.answer = "not sent: Alerta takes an event called Heartbeat for a sign of life";
    return verdict;
  }
  HttpRequest request;
  request.path = "/alert";
  request.body = Render(notice);
  return VerdictOfAlerta(client_->Do(request, options_.timeout), now);
}

std::vector<Verdict> AlertaSink::Send(absl::Span<const Notice> notices, TimeNs now) {
  std::vector<Verdict> verdicts;
  for (const Notice& notice : notices) verdicts.push_back(SendOne(notice, now));
  return verdicts;
}

}  // namespace tallybell
