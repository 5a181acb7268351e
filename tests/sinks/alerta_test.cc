// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/alerta.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sinks/fake_http_client.h"
#include "tests/sinks/sample_alert.h"
#include "tests/support/alerta_receiver.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Verdict::Kind;

class AlertaTest : public ::testing::Test {
 protected:
  Verdict Answered(int status, std::string message, const Alert& alert = SampleAlert()) {
    AlertaSink::Options options = options_;
    options.http.base = ParseUrl("http://127.0.0.1:8080/api").value();
    const auto answer = [&](const HttpRequest&) {
      return Response(status,
                      DumpJson({{"status", status < 400 ? "ok" : "error"}, {"message", message}}));
    };
    AlertaSink sink(options, std::make_unique<FakeHttpClient>(answer, &requests_));
    const std::vector<Alert> alerts = {alert};
    return sink.Send(Notices(alerts), kSampleStart).at(0);
  }
  Json Sent(const Alert& alert) {
    requests_.clear();
    EXPECT_EQ(Answered(201, "", alert).kind, Kind::kAccepted);
    return ParseJson(requests_.at(0).body).value();
  }
  AlertaSink::Options options_;
  std::vector<HttpRequest> requests_;
};

TEST_F(AlertaTest, SaysWhatAlertaReads) {
  const Json sent = Sent(SampleAlert());
  EXPECT_EQ(requests_[0].path, "/alert");
  EXPECT_EQ(sent["resource"], "mac1");
  EXPECT_EQ(sent["event"], "AnkaVmStartFailing");
  EXPECT_EQ(sent["environment"], "Production");
  EXPECT_EQ(sent["severity"], "warning");
  EXPECT_EQ(sent["service"], Json::array({"tallybell"}));
  EXPECT_EQ(sent["value"], "4");
  EXPECT_EQ(sent["text"], "it failed");
  EXPECT_EQ(sent["tags"], Json::array({"host=mac1"}));
  EXPECT_EQ(sent["origin"], "tallybell");
  EXPECT_EQ(sent["timeout"], 2400);
  EXPECT_EQ(sent["rawData"], "E one\nE two");
  EXPECT_EQ(sent["attributes"]["runbook"], "https://example.com/run");
  // A time of ours would order Alerta's history by the log's clock and outwit its blackouts.
  EXPECT_FALSE(sent.contains("createTime"));
  EXPECT_FALSE(sent.contains("customer"));
}

TEST_F(AlertaTest, AnEndIsSeverityNormal) {
  Alert alert = SampleAlert();
  alert.ends_at = kSampleStart + kMinute;
  EXPECT_EQ(Sent(alert)["severity"], "normal");
}

TEST_F(AlertaTest, TheAlertsLabelsWinOverTheSettings) {
  options_.group = "farm";
  options_.customer = "acme";
  EXPECT_EQ(Sent(SampleAlert())["group"], "farm");
  EXPECT_EQ(Sent(SampleAlert())["customer"], "acme");
  Alert alert = SampleAlert();
  for (const char* label : {"environment", "group", "customer", "resource", "event"}) {
    alert.labels.Set(label, absl::StrCat("own-", label));
  }
  alert.labels.Set("service", "anka, builds");
  const Json sent = Sent(alert);
  for (const char* field : {"environment", "group", "customer", "resource", "event"}) {
    EXPECT_EQ(sent[field], absl::StrCat("own-", field));
  }
  EXPECT_EQ(sent["service"], Json::array({"anka", "builds"}));
  EXPECT_EQ(sent["tags"], Json::array({"host=mac1"}));
}

TEST_F(AlertaTest, TheValueIsThatOfTheFiring) {
  AlertaSink::Options options;
  options.http.base = ParseUrl("http://a/api").value();
  AlertaSink sink(options, std::make_unique<FakeHttpClient>(
                               [](const HttpRequest&) { return Response(201); }, &requests_));
  Alert alert = SampleAlert();
  alert.value = 99;
  const std::vector<Notice> notices = {{&alert, 4, false}};
  sink.Send(notices, kSampleStart);
  EXPECT_EQ((*ParseJson(requests_[0].body))["value"], "4+");
}

TEST(AlertaResourceTest, JoinsTheValuesSoThatTheyCanBeToldApart) {
  EXPECT_EQ(AlertaResource({}, "Rule"), "Rule");
  EXPECT_EQ(AlertaResource({""}, "Rule"), "Rule");
  EXPECT_EQ(AlertaResource({"a", "b"}, "Rule"), "a/b");
  EXPECT_EQ(AlertaResource({"a/b"}, "Rule"), "a%2Fb");
  EXPECT_EQ(AlertaResource({"a%2Fb"}, "Rule"), "a%252Fb");
  std::set<std::string> resources;
  const std::vector<std::string> parts = {"", "a", "/", "%", "%2F", "a/", "%25", "2F"};
  for (const std::string& a : parts) {
    for (const std::string& b : parts) resources.insert(AlertaResource({a, b}, "Rule"));
  }
  EXPECT_EQ(resources.size(), parts.size() * parts.size());
}

TEST(AlertaSeverityTest, IsAlwaysAWordThatKeepsTheAlertOpen) {
  EXPECT_EQ(AlertaSeverity("page"), "critical");
  EXPECT_EQ(AlertaSeverity("Critical"), "critical");
  EXPECT_EQ(AlertaSeverity("error"), "major");
  EXPECT_EQ(AlertaSeverity("info"), "informational");
  EXPECT_EQ(AlertaSeverity("warn"), "warning");
  EXPECT_EQ(AlertaSeverity("none"), "indeterminate");
  EXPECT_EQ(AlertaSeverity(""), "indeterminate");
  EXPECT_EQ(AlertaSeverity("sev-9\n"), "indeterminate");
  for (const char* closing : {"normal", "ok", "cleared", "OK"}) {
    EXPECT_EQ(AlertaSeverity(closing), "informational");
  }
  EXPECT_EQ(AlertaSeverity("sev1", {{"sev1", "critical"}}), "critical");
}

TEST_F(AlertaTest, ReadsEveryAnswerOfTheTable) {
  struct Row {
    int status;
    const char* message;
    Kind kind;
    bool unauthorized;
  };
  for (const Row& row : std::vector<Row>{
           {201, "", Kind::kAccepted, false},
           {202, "Suppressed alert during blackout period", Kind::kDeferred, false},
           {302, "", Kind::kSuspect, false},
           {400, "service must be a list", Kind::kRejected, false},
           {401, "API key parameter 'abc' is invalid", Kind::kRetry, true},
           {403, "[POLICY] Alert must define a service", Kind::kRejected, false},
           {403, "Missing required scope: write:alerts", Kind::kRetry, true},
           {404, "", Kind::kSuspect, false},
           {405, "", Kind::kSuspect, false},
           {415, "", Kind::kRejected, false},
           {429, "", Kind::kRetry, false},
           {500, "Severity (page) is not one of", Kind::kRejected, false},
           {500, "index row size 2712 exceeds", Kind::kRejected, false},
           {500, "duplicate key value violates", Kind::kRetry, false},
           {500, "'NoneType' object has no attribute 'text'", Kind::kRetry, false},
           {500, "Database connect error", Kind::kRetry, false},
           {500, "who knows", Kind::kSuspect, false},
           {502, "", Kind::kRetry, false},
           {503, "", Kind::kRetry, false},
           {504, "", Kind::kRetry, false},
       }) {
    const Verdict verdict = Answered(row.status, row.message);
    EXPECT_EQ(verdict.kind, row.kind) << row.status << row.message;
    EXPECT_EQ(verdict.unauthorized, row.unauthorized) << row.status << row.message;
    EXPECT_THAT(verdict.answer, HasSubstr(absl::StrCat(row.status)));
    EXPECT_THAT(verdict.answer, Not(HasSubstr("abc")));
  }
}

TEST_F(AlertaTest, A200ThatSaysErrorIsNotASuccess) {
  AlertaSink::Options options;
  options.http.base = ParseUrl("http://a/api").value();
  for (const char* body : {"{\"status\":\"error\"}", "{\"status\":\"ok\"}", "[[[", ""}) {
    AlertaSink sink(options,
                    std::make_unique<FakeHttpClient>(
                        [&](const HttpRequest&) { return Response(200, body); }, &requests_));
    const std::vector<Alert> alerts = {SampleAlert()};
    const bool accepted = sink.Send(Notices(alerts), kSampleStart).at(0).kind == Kind::kAccepted;
    EXPECT_EQ(accepted, !absl::StrContains(body, "error")) << body;
  }
}

TEST_F(AlertaTest, AnEventThatAlertaTakesForASignOfLifeIsNotSent) {
  Alert alert = SampleAlert();
  alert.labels.Set("event", "Heartbeat");
  EXPECT_EQ(Answered(201, "", alert).kind, Kind::kRejected);
  EXPECT_TRUE(requests_.empty());
}

TEST_F(AlertaTest, RefusesSettingsThatAlertaWouldRefuse) {
  AlertaSink::Options options;
  options.http.base = ParseUrl("http://a/api").value();
  EXPECT_TRUE(AlertaSink::Create(options).ok());
  AlertaSink::Options no_service = options;
  no_service.service.clear();
  EXPECT_FALSE(AlertaSink::Create(no_service).ok());
  AlertaSink::Options no_environment = options;
  no_environment.environment.clear();
  EXPECT_FALSE(AlertaSink::Create(no_environment).ok());
  AlertaSink::Options closing = options;
  closing.severities = {{"sev1", "normal"}};
  EXPECT_FALSE(AlertaSink::Create(closing).ok());
}

// Against a receiver that behaves as the real one.
class AlertaReceiverTest : public ::testing::Test {
 protected:
  std::unique_ptr<AlertaSink> Sink(std::string key = "") {
    AlertaSink::Options options;
    options.http.base = ParseUrl(receiver_.url()).value();
    options.http.credentials.scheme = "Key";
    options.http.credentials.secret = key.empty() ? "right-key" : key;
    return AlertaSink::Create(options).value();
  }
  Verdict Tell(Alert alert, TimeNs ends_at = kNoTime) {
    alert.ends_at = ends_at;
    const std::vector<Alert> alerts = {alert};
    return sink_->Send(Notices(alerts), kSampleStart).at(0);
  }
  AlertaReceiver receiver_{"right-key"};
  std::unique_ptr<AlertaSink> sink_ = Sink();
};

TEST_F(AlertaReceiverTest, FiringRepeatAndEndAreOneAlert) {
  const AlertaReceiver::Key key = {"Production", "mac1", "AnkaVmStartFailing", ""};
  EXPECT_EQ(Tell(SampleAlert()).kind, Kind::kAccepted);
  EXPECT_EQ(receiver_.alerts().at(key).status, "open");
  EXPECT_EQ(Tell(SampleAlert()).kind, Kind::kAccepted);
  EXPECT_EQ(receiver_.alerts().at(key).duplicate_count, 1);
  EXPECT_EQ(Tell(SampleAlert(), kSampleStart + kMinute).kind, Kind::kAccepted);
  EXPECT_EQ(receiver_.alerts().at(key).status, "closed");
  EXPECT_EQ(receiver_.alerts().size(), 1u);
}

TEST_F(AlertaReceiverTest, GroupsOfOneRuleStayApart) {
  Tell(SampleAlert("mac1"));
  Tell(SampleAlert("mac2"));
  Tell(SampleAlert("mac1"), kSampleStart);
  EXPECT_EQ(receiver_.alerts().size(), 2u);
}

TEST_F(AlertaReceiverTest, ABlackoutDefersAndAWrongKeyWaits) {
  receiver_.SetBlackout(true);
  EXPECT_EQ(Tell(SampleAlert()).kind, Kind::kDeferred);
  EXPECT_TRUE(receiver_.alerts().empty());
  sink_ = Sink("wrong-key");
  const Verdict refused = Tell(SampleAlert());
  EXPECT_EQ(refused.kind, Kind::kRetry);
  EXPECT_TRUE(refused.unauthorized);
  EXPECT_THAT(refused.answer, Not(HasSubstr("wrong-key")));
}

TEST_F(AlertaReceiverTest, AnEnvironmentThatIsNotAllowedIsRejectedWithTheReason) {
  Alert alert = SampleAlert();
  alert.labels.Set("environment", "Moon");
  const Verdict verdict = Tell(alert);
  EXPECT_EQ(verdict.kind, Kind::kRejected);
  EXPECT_THAT(verdict.answer, HasSubstr("Production, Development"));
}

TEST_F(AlertaReceiverTest, NothingThatALogCanHoldIsRefused) {
  const std::string nasty = std::string("a\0b", 3) + "\r\n\"\\{{}}\x1b[31m\xff\xed\xa0\x80/%";
  for (const std::string& text :
       {nasty, std::string(1 << 20, 'x'), std::string(5000, '/'), std::string("")}) {
    Alert alert = SampleAlert(text);
    alert.labels.Set("severity", text);
    alert.labels.Set("rack", text);
    alert.annotations = {{"summary", text}, {"a.b$c", text}, {"ip", text}};
    alert.evidence = {{"a", 0, text}};
    const Verdict verdict = Tell(alert);
    EXPECT_EQ(verdict.kind, Kind::kAccepted) << verdict.answer;
  }
}

}  // namespace
}  // namespace tallybell
