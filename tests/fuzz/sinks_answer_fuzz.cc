// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as what a receiver answers and as what stands in an alert: each notice gets a verdict
// that can be shown, and what is sent is JSON that any receiver can store.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/json_text.h"
#include "engine/base/utf8.h"
#include "sinks/alerta.h"
#include "sinks/alertmanager.h"
#include "sinks/clean_text.h"
#include "sinks/webhook.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Alert;
using tallybell::FuzzInput;
using tallybell::HttpRequest;
using tallybell::HttpResponse;
using tallybell::Notice;
using tallybell::Require;
using tallybell::Verdict;

constexpr tallybell::TimeNs kNow = 1'714'566'750 * tallybell::kSecond;
constexpr size_t kNotices = 5;
constexpr size_t kMaxRequests = 64;

// Answers with the next of some answers, over and over.
class ScriptedClient : public tallybell::HttpClient {
 public:
  ScriptedClient(const std::vector<HttpResponse>* answers, size_t* requests)
      : answers_(answers), requests_(requests) {}

  absl::StatusOr<HttpResponse> Do(const HttpRequest& request, tallybell::DurationNs) override {
    Require(++*requests_ <= kMaxRequests);
    Require(tallybell::ValidUtf8Prefix(request.body) == request.body.size());
    Require(tallybell::ParseJson(request.body).ok());
    const std::string escapes = absl::StrReplaceAll(request.body, {{R"(\\)", ""}});
    Require(!absl::StrContains(escapes, R"(\u0000)"));
    const HttpResponse& answer = (*answers_)[*requests_ % answers_->size()];
    if (answer.status == 0) return absl::UnavailableError("no connection");
    if (answer.status == 1) return absl::UnauthenticatedError("a bad certificate");
    return answer;
  }
  void Cancel() override {}

 private:
  const std::vector<HttpResponse>* const answers_;
  size_t* const requests_;
};

void CheckVerdicts(const std::vector<Verdict>& verdicts) {
  Require(verdicts.size() == kNotices);
  for (const Verdict& verdict : verdicts) {
    Require(verdict.retry_after >= 0 && verdict.answer.size() <= 300);
    Require(tallybell::ValidUtf8Prefix(verdict.answer) == verdict.answer.size());
    for (const char c : verdict.answer) Require(!absl::ascii_iscntrl(c));
    if (verdict.unauthorized) Require(verdict.kind == Verdict::Kind::kRetry);
    if (verdict.retry_after > 0) Require(verdict.kind == Verdict::Kind::kRetry);
  }
}

template <typename SinkKind>
void Tell(const std::vector<Notice>& notices, const std::vector<HttpResponse>& answers) {
  typename SinkKind::Options options;
  options.http.base.host = "receiver";
  options.http.base.port = 80;
  options.external_url = "http://tallybell:9464";
  size_t requests = 0;
  SinkKind sink(options, std::make_unique<ScriptedClient>(&answers, &requests));
  Require(!absl::StrContains(sink.name(), '\n'));
  std::vector<Verdict> verdicts;
  for (absl::Span<const Notice> rest = notices; !rest.empty();) {
    const size_t n = std::min(rest.size(), sink.policy().max_batch);
    for (Verdict& verdict : sink.Send(rest.subspan(0, n), kNow)) {
      verdicts.push_back(std::move(verdict));
    }
    rest.remove_prefix(n);
  }
  CheckVerdicts(verdicts);
}

Alert HostileAlert(FuzzInput* input, size_t number) {
  Alert alert;
  alert.rule_group = "g";
  alert.rule = std::string(input->Line());
  alert.labels.Set("alertname", alert.rule);
  alert.labels.Set("number", absl::StrCat(number));
  for (int i = 0; i < 4; ++i) {
    FuzzInput pair(input->Line());
    const absl::string_view name = pair.Part('=');
    alert.labels.Set(name, pair.rest());
    alert.annotations.emplace_back(std::string(name), std::string(pair.rest()));
    alert.by_values.emplace_back(pair.rest());
  }
  alert.value = static_cast<int64_t>(number);
  alert.exact = number % 2 == 0;
  alert.starts_at = kNow - tallybell::kMinute;
  if (number % 3 == 1) alert.ends_at = kNow;
  alert.evidence.push_back({"log", number, std::string(input->Line())});
  return alert;
}

void CheckCleaning(absl::string_view text) {
  for (const size_t most : {size_t{0}, size_t{1}, size_t{33}}) {
    const std::string clean = tallybell::CleanText(text, most);
    Require(clean.size() <= most && tallybell::ValidUtf8Prefix(clean) == clean.size());
    Require(!absl::StrContains(clean, '\0') && tallybell::CleanText(clean, most) == clean);
  }
  const std::string identity = tallybell::CleanIdentity(text, 40);
  Require(identity.size() <= 40 && tallybell::ValidUtf8Prefix(identity) == identity.size());
  Require(tallybell::IsLabelName(tallybell::CleanLabelName(text)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  std::vector<HttpResponse> answers;
  for (int i = 0; i < 3; ++i) {
    HttpResponse answer;
    // 0 and 1: no answer at all.
    const auto kind = input.Below(12);
    answer.status =
        kind < 2 ? static_cast<int>(kind)
                 : 100 * (1 + static_cast<int>(kind) % 5) + static_cast<int>(input.Below(32));
    answer.headers = {{"Retry-After", std::string(input.Line())}};
    answer.body = std::string(input.Part('\0'));
    answers.push_back(std::move(answer));
  }
  CheckCleaning(input.rest());
  std::vector<Alert> alerts;
  for (size_t i = 0; i < kNotices; ++i) alerts.push_back(HostileAlert(&input, i));
  std::vector<Notice> notices;
  for (const Alert& alert : alerts) notices.push_back({&alert, alert.value, alert.exact});
  Tell<tallybell::AlertmanagerSink>(notices, answers);
  Tell<tallybell::AlertaSink>(notices, answers);
  Tell<tallybell::WebhookSink>(notices, answers);
  return 0;
}
