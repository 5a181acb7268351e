// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/webhook.h"

#include "engine/base/json_text.h"
#include "gtest/gtest.h"
#include "tests/sinks/fake_http_client.h"
#include "tests/sinks/sample_alert.h"

namespace tallybell {
namespace {

TEST(WebhookTest, SaysWhatAlertmanagersWebhookSays) {
  std::vector<HttpRequest> requests;
  WebhookSink::Options options;
  options.http.base = ParseUrl("http://127.0.0.1:1/hook/x").value();
  options.external_url = "https://t.example.com";
  WebhookSink sink(options, std::make_unique<FakeHttpClient>(
                                [](const HttpRequest&) { return Response(200); }, &requests));
  std::vector<Alert> alerts = {SampleAlert("mac1"), SampleAlert("mac2")};
  alerts[1].ends_at = kSampleStart + kMinute;
  const auto verdicts = sink.Send(Notices(alerts), kSampleStart);
  EXPECT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(requests.at(0).path, "/hook/x");

  const Json sent = ParseJson(requests.at(0).body).value();
  EXPECT_EQ(sent["version"], "4");
  EXPECT_EQ(sent["status"], "firing");
  EXPECT_EQ(sent["commonLabels"],
            (Json{{"alertname", "AnkaVmStartFailing"}, {"severity", "warning"}}));
  EXPECT_EQ(sent["commonAnnotations"]["summary"], "it failed");
  EXPECT_EQ(sent["externalURL"], "https://t.example.com");
  ASSERT_EQ(sent["alerts"].size(), 2u);
  EXPECT_EQ(sent["alerts"][0]["status"], "firing");
  EXPECT_EQ(sent["alerts"][0]["endsAt"], "0001-01-01T00:00:00Z");
  EXPECT_EQ(sent["alerts"][1]["status"], "resolved");
  EXPECT_EQ(sent["alerts"][1]["endsAt"], FormatRfc3339Millis(alerts[1].ends_at));
  EXPECT_EQ(sent["alerts"][0]["fingerprint"], FormatFingerprint(alerts[0].Fingerprint()));
  for (const char* key : {"groupKey", "truncatedAlerts", "receiver", "groupLabels"}) {
    EXPECT_TRUE(sent.contains(key)) << key;
  }
}

TEST(WebhookTest, AUrlWithoutAPathIsPostedToItsRoot) {
  std::vector<HttpRequest> requests;
  WebhookSink::Options options;
  options.http.base = ParseUrl("http://127.0.0.1:1").value();
  WebhookSink sink(options, std::make_unique<FakeHttpClient>(
                                [](const HttpRequest&) { return Response(200); }, &requests));
  const std::vector<Alert> alerts = {SampleAlert()};
  sink.Send(Notices(alerts), kSampleStart);
  EXPECT_EQ(requests.at(0).path, "/");
  EXPECT_EQ(sink.name(), "webhook http://127.0.0.1:1");
}

}  // namespace
}  // namespace tallybell
