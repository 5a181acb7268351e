// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/alertmanager.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "engine/base/json_text.h"
#include "engine/model/rule_id.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sinks/fake_http_client.h"
#include "tests/sinks/sample_alert.h"

namespace tallybell {
namespace {

using ::testing::Each;
using ::testing::Field;
using ::testing::HasSubstr;
using Kind = Verdict::Kind;

constexpr TimeNs kNow = kSampleStart + 10 * kSecond;

class AlertmanagerTest : public ::testing::Test {
 protected:
  AlertmanagerSink Sink(FakeHttpClient::Answer answer, std::string external_url = "") {
    AlertmanagerSink::Options options;
    options.http.base = ParseUrl("http://127.0.0.1:9093").value();
    options.external_url = std::move(external_url);
    return AlertmanagerSink(options, std::make_unique<FakeHttpClient>(answer, &requests_));
  }
  // The body of the only alert of a batch of one.
  Json Sent(const Alert& alert, std::string external_url = "") {
    requests_.clear();
    auto sink = Sink([](const HttpRequest&) { return Response(200); }, external_url);
    const std::vector<Alert> alerts = {alert};
    const auto verdicts = sink.Send(Notices(alerts), kNow);
    EXPECT_EQ(verdicts.at(0).kind, Kind::kAccepted);
    return ParseJson(requests_.at(0).body).value().at(0);
  }
  std::vector<HttpRequest> requests_;
};

TEST_F(AlertmanagerTest, SaysWhatAlertmanagerReads) {
  const std::string id = FormatFingerprint(SampleAlert().Fingerprint());
  EXPECT_EQ(DumpJson(Sent(SampleAlert(), "https://t.example.com/")),
            R"({"labels":{"alertname":"AnkaVmStartFailing","host":"mac1","severity":"warning"},)"
            R"("annotations":{"summary":"it failed","runbook":"https://example.com/run",)"
            R"("lines":"E one\nE two"},"startsAt":"2024-05-01T12:32:30.426Z",)"
            R"("endsAt":"2024-05-01T12:36:40.426Z","generatorURL":"https://t.example.com/?alert=)" +
                id + "&rule=" + RuleId(SampleAlert().rule_group, SampleAlert().rule) + "#alert-" +
                id + "\"}");
  EXPECT_EQ(requests_[0].path, "/api/v2/alerts");
  EXPECT_EQ(requests_[0].content_type, "application/json");
}

TEST_F(AlertmanagerTest, AFiringIsALeaseOfFourMinutesFromTheAttempt) {
  const Json sent = Sent(SampleAlert());
  EXPECT_EQ(sent["endsAt"], FormatRfc3339Millis(kNow + 4 * kMinute));
  EXPECT_FALSE(sent.contains("generatorURL"));
}

TEST_F(AlertmanagerTest, AnEndIsItsOwnTimeAndNeverBeforeTheStart) {
  Alert alert = SampleAlert();
  alert.ends_at = kSampleStart + kSecond;
  EXPECT_EQ(Sent(alert)["endsAt"], FormatRfc3339Millis(kSampleStart + kSecond));
  alert.ends_at = kNoTime;
  alert.starts_at = kNow + kHour;  // the clock of the log is ahead
  EXPECT_EQ(Sent(alert)["endsAt"], FormatRfc3339Millis(kNow + kHour));
}

TEST_F(AlertmanagerTest, TheRulesOwnLinesAndItsWishForNoneAreKept) {
  Alert own = SampleAlert();
  own.annotations.emplace_back("lines", "mine");
  EXPECT_EQ(Sent(own)["annotations"]["lines"], "mine");
  Alert none = SampleAlert();
  none.show_evidence = false;
  EXPECT_FALSE(Sent(none)["annotations"].contains("lines"));
}

TEST_F(AlertmanagerTest, CleansNamesWithoutMakingTwoLabelsOne) {
  Alert alert = SampleAlert();
  alert.labels.Set("a.b", "dot");
  alert.labels.Set("a-b", "dash");
  alert.labels.Set("a_b", "right");
  alert.labels.Set("1x", "digit");
  alert.labels.Set("\xc3\xa9", "accent");
  const Json labels = Sent(alert)["labels"];
  EXPECT_EQ(labels["a_b"], "right");
  std::set<std::string> values;
  for (const auto& [name, value] : labels.items()) {
    EXPECT_TRUE(IsLabelName(name)) << name;
    values.insert(value.get<std::string>());
  }
  EXPECT_EQ(values.size(), alert.labels.pairs().size());
}

TEST_F(AlertmanagerTest, HostileTextBecomesStrictJsonOfBoundedSize) {
  Alert alert = SampleAlert();
  const std::string nasty = std::string("a\0b", 3) + "\r\n\"\\{{ }}${ENV}%s<script>\x1b[31m\xff";
  alert.labels.Set("host", nasty + std::string(1 << 20, 'x'));
  alert.annotations = {{"summary", nasty + std::string(1 << 20, 'y')}, {"", nasty}};
  alert.evidence = {{"a", 0, nasty}, {"a", 1, std::string(1 << 20, 'z')}};
  const Json sent = Sent(alert);
  EXPECT_LT(requests_[0].body.size(), 64u * 1024);
  EXPECT_THAT(sent["annotations"]["summary"].get<std::string>(),
              HasSubstr("ab\r\n\"\\{{ }}${ENV}%s<script>\x1b[31m\xEF\xBF\xBD"));
}

TEST_F(AlertmanagerTest, TwoLongLabelsThatDifferAtTheirEndStayTwo) {
  const std::string long_text(4000, 'x');
  EXPECT_NE(Sent(SampleAlert(long_text + "1"))["labels"]["host"],
            Sent(SampleAlert(long_text + "2"))["labels"]["host"]);
}

TEST_F(AlertmanagerTest, FindsTheOneAmongManyThatIsRefused) {
  for (const int status : {400, 422, 413}) {
    for (const size_t poison : {0, 17, 63}) {
      requests_.clear();
      auto sink = Sink([&](const HttpRequest& request) {
        const bool bad = absl::StrContains(request.body, "poison");
        return bad ? Response(status, "\"invalid label set\"") : Response(200);
      });
      std::vector<Alert> alerts;
      for (size_t i = 0; i < 64; ++i) {
        alerts.push_back(SampleAlert(i == poison ? "poison" : absl::StrCat("h", i)));
      }
      const auto verdicts = sink.Send(Notices(alerts), kNow);
      ASSERT_EQ(verdicts.size(), 64u);
      for (size_t i = 0; i < 64; ++i) {
        EXPECT_EQ(verdicts[i].kind, i == poison ? Kind::kRejected : Kind::kAccepted);
      }
      EXPECT_THAT(verdicts[poison].answer, HasSubstr("invalid label set"));
      EXPECT_LE(requests_.size() - 1, 13u);
    }
  }
}

TEST_F(AlertmanagerTest, HalvesABatchThatIsTooLarge) {
  auto sink = Sink([](const HttpRequest& request) {
    return ParseJson(request.body)->size() > 10 ? Response(413) : Response(200);
  });
  const std::vector<Alert> alerts(64, SampleAlert());
  EXPECT_THAT(sink.Send(Notices(alerts), kNow), Each(Field(&Verdict::kind, Kind::kAccepted)));
}

TEST_F(AlertmanagerTest, StopsLookingWhenTheReceiverStopsAnswering) {
  int n = 0;
  auto sink = Sink([&](const HttpRequest&) -> absl::StatusOr<HttpResponse> {
    if (++n > 3) return absl::UnavailableError("gone");
    return Response(400);
  });
  const std::vector<Alert> alerts(64, SampleAlert());
  EXPECT_THAT(sink.Send(Notices(alerts), kNow), Each(Field(&Verdict::kind, Kind::kRetry)));
  EXPECT_EQ(n, 4);
}

TEST_F(AlertmanagerTest, TakesNoLongerThanItsDeadlineInAllOnceItKnowsOne) {
  auto sink = Sink([](const HttpRequest&) {
    HttpResponse slow = Response(400);
    slow.elapsed = 3 * kSecond;
    return slow;
  });
  const std::vector<Alert> alerts(64, SampleAlert());
  const auto verdicts = sink.Send(Notices(alerts), kNow);
  // 64, 32, ... 1: without an end to it, what is refused so slowly would hold up the others.
  EXPECT_EQ(requests_.size(), 7u);
  EXPECT_EQ(verdicts[0].kind, Kind::kRejected);
  EXPECT_THAT(absl::MakeSpan(verdicts).subspan(1), Each(Field(&Verdict::kind, Kind::kRetry)));
}

TEST_F(AlertmanagerTest, IsRidOfAPoisonedAlertHoweverSlowTheAnswersAre) {
  auto sink = Sink([](const HttpRequest& request) {
    HttpResponse slow = Response(absl::StrContains(request.body, "poison") ? 400 : 200);
    slow.elapsed = 9 * kSecond;
    return slow;
  });
  std::vector<Alert> alerts;
  for (int i = 0; i < 64; ++i) alerts.push_back(SampleAlert(i == 0 ? "poison" : "good"));
  int attempts = 0;
  while (!alerts.empty()) {
    ASSERT_LE(++attempts, 7);
    const auto verdicts = sink.Send(Notices(alerts), kNow);
    std::vector<Alert> rest;
    for (size_t i = 0; i < alerts.size(); ++i) {
      if (verdicts[i].kind == Kind::kRetry) rest.push_back(alerts[i]);
    }
    ASSERT_LT(rest.size(), alerts.size());
    alerts = rest;
  }
}

TEST_F(AlertmanagerTest, ReadsEveryStatus) {
  const std::vector<Alert> alerts = {SampleAlert()};
  for (int status = 200; status < 600; ++status) {
    auto sink = Sink([&](const HttpRequest&) {
      return Response(status, "words", {{"Retry-After", "30"}});
    });
    const Verdict verdict = sink.Send(Notices(alerts), kNow).at(0);
    const std::set<int> keys = {401, 403, 407};
    const std::set<int> urls = {404, 405, 410};
    const std::set<int> busy = {408, 425, 429};
    const Kind expected = status < 300                               ? Kind::kAccepted
                          : status < 400 || urls.count(status)       ? Kind::kSuspect
                          : keys.count(status) || busy.count(status) ? Kind::kRetry
                          : status < 500                             ? Kind::kRejected
                                                                     : Kind::kRetry;
    EXPECT_EQ(verdict.kind, expected) << status;
    EXPECT_EQ(verdict.unauthorized, keys.count(status) == 1) << status;
    EXPECT_EQ(verdict.retry_after, expected == Kind::kRetry ? 30 * kSecond : 0) << status;
    EXPECT_THAT(verdict.answer, HasSubstr(absl::StrCat(status)));
  }
}

TEST_F(AlertmanagerTest, ItsNameHoldsTheUrlAndNoSecret) {
  AlertmanagerSink::Options options;
  options.http.base = ParseUrl("https://am.example.com/prefix").value();
  options.http.credentials.scheme = "Bearer";
  options.http.credentials.secret = "s3cr3t";
  EXPECT_EQ((*AlertmanagerSink::Create(options))->name(),
            "alertmanager https://am.example.com/prefix");
}

}  // namespace
}  // namespace tallybell
