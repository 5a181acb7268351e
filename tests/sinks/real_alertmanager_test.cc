// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Against the Alertmanager that Debian packages.

#include <poll.h>

#include "engine/base/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sinks/alertmanager.h"
#include "tests/sinks/sample_alert.h"
#include "tests/support/alertmanager_process.h"

namespace tallybell {
namespace {

using Kind = Verdict::Kind;

class RealAlertmanagerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!AlertmanagerProcess::Installed()) GTEST_SKIP() << "no prometheus-alertmanager here";
    auto process = AlertmanagerProcess::Start({});
    ASSERT_TRUE(process.ok()) << process.status();
    process_ = *std::move(process);
    AlertmanagerSink::Options options;
    options.http.base = ParseUrl(process_->url()).value();
    options.external_url = "https://tallybell.example.com";
    sink_ = AlertmanagerSink::Create(options).value();
  }
  std::vector<Verdict> Tell(const std::vector<Alert>& alerts) {
    return sink_->Send(Notices(alerts), clock_.Now());
  }
  // The alerts it holds once there are `n` of them, or after half a minute.
  Json Alerts(size_t n) {
    Json alerts;
    for (int i = 0; i < 300; ++i) {
      alerts = process_->Get("/api/v2/alerts").value();
      if (alerts.size() == n) break;
      poll(nullptr, 0, 100);
    }
    return alerts;
  }
  SystemClock clock_;
  std::unique_ptr<AlertmanagerProcess> process_;
  std::unique_ptr<AlertmanagerSink> sink_;
};

TEST_F(RealAlertmanagerTest, ShowsWhatFiresAndForgetsWhatHasEnded) {
  Alert alert = SampleAlert();
  alert.starts_at = clock_.Now() - kHour;
  ASSERT_EQ(Tell({alert}).at(0).kind, Kind::kAccepted);
  const Json alerts = Alerts(1);
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0]["startsAt"], FormatRfc3339Millis(alert.starts_at));
  EXPECT_EQ(alerts[0]["annotations"]["lines"], "E one\nE two");
  EXPECT_EQ(alerts[0]["fingerprint"], FormatFingerprint(alert.Fingerprint()));
  EXPECT_EQ(alerts[0]["labels"]["host"], "mac1");
  alert.ends_at = clock_.Now();
  ASSERT_EQ(Tell({alert}).at(0).kind, Kind::kAccepted);
  EXPECT_EQ(Alerts(0).size(), 0u);
}

TEST_F(RealAlertmanagerTest, TakesWhateverALogCanHold) {
  const std::string nasty = std::string("a\0b", 3) + "\r\n\"\\{{}}\x1b[31m\xff\xed\xa0\x80";
  Alert alert = SampleAlert(nasty);
  alert.starts_at = clock_.Now();
  alert.labels.Set("bad.name-é", nasty);
  alert.labels.Set("bad name", nasty);
  alert.labels.Set("", nasty);
  alert.annotations = {{"1", nasty}, {"", nasty}, {"a b", nasty}};
  alert.evidence = {{"a", 0, nasty}};
  Alert ahead = SampleAlert("ahead");
  ahead.starts_at = clock_.Now() + kDay;
  for (const Verdict& verdict : Tell({alert, ahead})) {
    EXPECT_EQ(verdict.kind, Kind::kAccepted) << verdict.answer;
  }
  EXPECT_EQ(Alerts(2).size(), 2u);
}

TEST_F(RealAlertmanagerTest, FindsTheOneItRefuses) {
  std::vector<Alert> alerts;
  for (int i = 0; i < 64; ++i) {
    alerts.push_back(SampleAlert(std::to_string(i)));
    alerts.back().starts_at = clock_.Now();
  }
  alerts[40].labels = Labels();  // "at least one label pair required"
  const std::vector<Verdict> verdicts = Tell(alerts);
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(verdicts[i].kind, i == 40 ? Kind::kRejected : Kind::kAccepted) << i;
  }
  EXPECT_EQ(Alerts(63).size(), 63u);
}

}  // namespace
}  // namespace tallybell
