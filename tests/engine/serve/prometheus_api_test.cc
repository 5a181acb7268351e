// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/prometheus_api.h"

#include "gtest/gtest.h"

namespace tallybell {
namespace {

EngineSnapshot Snapshot() {
  EngineSnapshot snapshot;
  RuleView rule;
  rule.group = "node";
  rule.alert = "StartFails";
  rule.file = "rules.yaml";
  rule.line = 7;
  rule.query = "q";
  rule.hold = 90 * kSecond;
  rule.labels = {{"severity", "warning"}};
  rule.annotations = {{"summary", "{{ $value }}"}};
  rule.state = AlertState::kFiring;
  rule.matches = 4;
  rule.groups = 2;
  rule.active = 1;
  rule.threshold = 3;
  rule.decided = 1'714'566'750'000'000'000;
  rule.nearest = NearestMiss{3, 1'714'566'700'000'000'000, Labels{{"host", "mac7"}}};
  Transition alert;
  alert.state = AlertState::kFiring;
  alert.alert.labels = Labels{{"alertname", "StartFails"}, {"host", "mac1"}};
  alert.alert.annotations = {{"summary", "4"}};
  alert.alert.starts_at = 1'714'566'750'426'698'000;
  alert.alert.value = 4;
  alert.alert.evidence = {{"log", 0, "a < \xff"}};
  rule.alerts = {alert};
  snapshot.rules.push_back(rule);
  rule.alert = "Quiet";
  rule.alerts.clear();
  rule.state = AlertState::kInactive;
  rule.nearest.reset();
  rule.decided = kNoTime;
  snapshot.rules.push_back(rule);
  rule.group = "other";
  snapshot.rules.push_back(rule);
  snapshot.sources.push_back(
      {"file /var/log/a", SourceView::State::kBehind, "", 0, 45 * kSecond, 1, 2, 3});
  return snapshot;
}

TEST(PrometheusApiTest, RulesStandInTheirGroupsAsPrometheusAnswers) {
  const Json answer = RulesAnswer(Snapshot(), {});
  EXPECT_EQ(answer["status"], "success");
  const Json& groups = answer["data"]["groups"];
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0]["name"], "node");
  EXPECT_EQ(groups[0]["file"], "rules.yaml");
  ASSERT_EQ(groups[0]["rules"].size(), 2u);
  const Json& rule = groups[0]["rules"][0];
  EXPECT_EQ(rule["state"], "firing");
  EXPECT_EQ(rule["name"], "StartFails");
  EXPECT_EQ(rule["duration"], 90);
  EXPECT_EQ(rule["labels"]["severity"], "warning");
  EXPECT_EQ(rule["health"], "ok");
  EXPECT_EQ(rule["type"], "alerting");
  EXPECT_EQ(rule["nearest"]["labels"]["host"], "mac7");
  const Json& alert = rule["alerts"][0];
  EXPECT_EQ(alert["labels"]["host"], "mac1");
  EXPECT_EQ(alert["annotations"]["summary"], "4");
  EXPECT_EQ(alert["state"], "firing");
  EXPECT_EQ(alert["activeAt"], "2024-05-01T12:32:30.426698000Z");
  EXPECT_EQ(alert["value"], "4e+00");
  const Json& quiet = groups[0]["rules"][1];
  EXPECT_EQ(quiet["health"], "unknown");
  EXPECT_EQ(quiet["lastEvaluation"], "0001-01-01T00:00:00Z");
  EXPECT_EQ(quiet["nearest"], nullptr);
}

TEST(PrometheusApiTest, OnlyWhatIsAskedForIsAnswered) {
  RulesQuery query;
  query.rule_names = {"Quiet"};
  query.groups = {"other", "none"};
  Json answer = RulesAnswer(Snapshot(), query);
  ASSERT_EQ(answer["data"]["groups"].size(), 1u);
  EXPECT_EQ(answer["data"]["groups"][0]["rules"].size(), 1u);
  query.files = {"elsewhere.yaml"};
  EXPECT_EQ(RulesAnswer(Snapshot(), query)["data"]["groups"].size(), 0u);
  query = RulesQuery();
  query.exclude_alerts = true;
  EXPECT_EQ(RulesAnswer(Snapshot(), query)["data"]["groups"][0]["rules"][0]["alerts"].size(), 0u);
  query.alerting = false;
  EXPECT_EQ(RulesAnswer(Snapshot(), query)["data"]["groups"].size(), 0u);
}

TEST(PrometheusApiTest, AlertsAreOneListAndItsTextIsJson) {
  const Json answer = AlertsAnswer(Snapshot());
  ASSERT_EQ(answer["data"]["alerts"].size(), 1u);
  EXPECT_EQ(answer["data"]["alerts"][0]["labels"]["alertname"], "StartFails");
  // Bytes that are no UTF-8 must not break the answer.
  EXPECT_TRUE(ParseJson(DumpJson(answer)).ok());
}

TEST(PrometheusApiTest, SourcesSayHowFarTheyAre) {
  const Json source = SourcesAnswer(Snapshot())["data"]["sources"][0];
  EXPECT_EQ(source["state"], "behind");
  EXPECT_EQ(source["completeTo"], "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(source["lateness"], "45s");
}

TEST(PrometheusApiTest, ValuesAreWrittenAsGoDoes) {
  EXPECT_EQ(FormatValue(0), "0e+00");
  EXPECT_EQ(FormatValue(4), "4e+00");
  EXPECT_EQ(FormatValue(10), "1e+01");
  EXPECT_EQ(FormatValue(12), "1.2e+01");
  EXPECT_EQ(FormatValue(10'203'000), "1.0203e+07");
  EXPECT_EQ(FormatValue(-105), "-1.05e+02");
  EXPECT_EQ(FormatValue(INT64_MAX), "9.223372036854775807e+18");
}

}  // namespace
}  // namespace tallybell
