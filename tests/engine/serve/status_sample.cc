// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/engine/serve/status_sample.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/run/recent_matches.h"

namespace tallybell {
namespace {

Transition SampleAlert(const RuleView& rule, int number) {
  Transition transition;
  transition.state = number % 10 == 9 ? AlertState::kPending : AlertState::kFiring;
  Alert& alert = transition.alert;
  alert.rule_group = rule.group;
  alert.rule = rule.alert;
  alert.labels = Labels{{"alertname", rule.alert},
                        {"cluster", "prod"},
                        {"host", absl::StrCat("mac", number)},
                        {"severity", "warning"}};
  alert.value = 4 + number;
  alert.starts_at = kSampleNow - (number + 1) * 97 * kSecond;
  alert.annotations = {{"summary", absl::StrCat("mac", number, " failed to start ", 4 + number,
                                                " VMs in 20 minutes")},
                       {"runbook", "https://runbooks.example.com/anka/vm-start"}};
  for (int i = 0; i < 5; ++i) {
    alert.evidence.push_back(
        {"/var/log/anka/anka_agent.INFO", static_cast<uint64_t>(7'000 * number + 131 * i),
         absl::StrCat("E1121 16:3", i, ":07.426698  4242 vm.go:33] can't start vm 7f3c", i,
                      "d09-22ab: exit status 45: no space left on device")});
  }
  return transition;
}

RuleView SampleRule(int number) {
  RuleView rule;
  rule.group = absl::StrCat("anka-node-", number / 12);
  rule.alert = absl::StrCat("AnkaVmStartFailing", number);
  rule.file = "/etc/tallybell/rules/anka-node.yaml";
  rule.line = 7 + 12 * number;
  rule.query =
      "sum by (host) (count_over_time({job=\"anka-agent\"} |= \"can't start vm\" [20m])) > 3";
  rule.threshold = 3;
  rule.window = 20 * kMinute;
  rule.by = {"host"};
  rule.keep_firing_for = 10 * kMinute;
  rule.labels = {{"severity", "warning"}};
  rule.annotations = {{"summary", "{{ $labels.host }} failed"}};
  rule.decided = kSampleNow;
  if (number % 3 != 2) {
    rule.groups = static_cast<size_t>(number % 7 + 1);
    rule.matches = 1'234 * (number + 1);
    rule.nearest = NearestMiss{3, kSampleNow - number * kHour, Labels{{"host", "mac7"}}};
    rule.recent.assign(RecentMatches::kBins, 0);
    for (size_t i = 0; i < rule.recent.size(); ++i) {
      const auto mix = (i * 2'654'435'761u + static_cast<size_t>(number) * 40'503u) >> 7;
      if (mix % 5 < 3) rule.recent[i] = static_cast<uint32_t>(mix % 23);
    }
  }
  return rule;
}

HistoryEvent Step(const std::string& kind, TimeNs ago) {
  HistoryEvent event;
  event.time = kSampleNow - ago;
  event.kind = kind;
  event.rule = "AnkaVmStartFailing0";
  event.fingerprint = "0123456789abcdef";
  event.labels = Labels{{"alertname", event.rule}, {"host", "mac1"}, {"severity", "warning"}};
  event.starts_at = event.time - 20 * kMinute;
  event.value = 4;
  event.enough = 4;
  return event;
}

HistoryEvent Told(const std::string& kind, const std::string& answer, TimeNs ago) {
  HistoryEvent event = Step(kind, ago);
  DeliveryRecord& delivery = event.delivery.emplace();
  delivery.kind = kind;
  delivery.receiver = "alertmanager http://127.0.0.1:9093";
  delivery.state = "firing";
  delivery.answer = answer;
  delivery.attempts = 2;
  return event;
}

}  // namespace

std::shared_ptr<EngineSnapshot> SampleSnapshot(int rules, int firing) {
  auto snapshot = std::make_shared<EngineSnapshot>();
  snapshot->at = kSampleNow;
  for (int i = 0; i < rules; ++i) snapshot->rules.push_back(SampleRule(i));
  for (int i = 0; i < firing && rules > 0; ++i) {
    RuleView& rule = snapshot->rules[static_cast<size_t>(i % rules)];
    rule.alerts.push_back(SampleAlert(rule, i));
    rule.state = std::max(rule.state, rule.alerts.back().state);
    rule.active = rule.alerts.size();
  }
  snapshot->sources.push_back({"file /var/log/anka/*.INFO", SourceView::State::kLive, "",
                               kSampleNow - 2 * kSecond, 45 * kSecond, 3, 1'234'567, 987'654'321});
  snapshot->sources.push_back({"docker /var/lib/docker/containers", SourceView::State::kBehind, "",
                               kSampleNow - 7 * kMinute, 45 * kSecond, 12, 99, 123'456});
  return snapshot;
}

StatusView SampleView(std::shared_ptr<const EngineSnapshot> snapshot, const std::string& word) {
  StatusView view;
  view.snapshot = std::move(snapshot);
  view.version = absl::StrCat("0.1.0", word);
  view.started_at = kSampleNow - 3 * kDay;
  view.receivers.emplace();
  ReceiverStanding standing;
  standing.receiver = absl::StrCat("alertmanager http://127.0.0.1:9093", word);
  view.receivers->push_back(standing);
  standing.receiver = absl::StrCat("alerta http://127.0.0.1:8080/api", word);
  standing.waiting = 12;
  standing.parked = 1;
  standing.offered_at = kSampleNow - 5 * kMinute;
  standing.next_attempt = kSampleNow + 40 * kSecond;
  standing.attempts = 9;
  standing.answer = absl::StrCat("503 Service Unavailable", word);
  view.receivers->push_back(standing);
  view.history = {Step("firing", kMinute),      Told("told", "200", kMinute),
                  Told("failed", "503", kHour), Step("resolved", 2 * kHour),
                  Step("pending", 3 * kHour),   Step("inactive", 4 * kHour),
                  Step("nearest", 30 * kHour),  Told("parked", "400", 31 * kHour)};
  for (HistoryEvent& event : *view.history) {
    if (word.empty()) continue;
    event.rule += word;
    event.kind += event.kind == "told" ? word : "";
    event.labels.Set("host", word);
    if (event.delivery.has_value()) event.delivery->receiver += word;
    if (event.delivery.has_value()) event.delivery->answer += word;
  }
  return view;
}

void Spoil(const std::string& word, EngineSnapshot* snapshot) {
  for (RuleView& rule : snapshot->rules) {
    rule.group += word;
    rule.alert += word;
    rule.file += word;
    rule.query += word;
    rule.by.push_back(word);
    rule.labels.emplace_back(word, word);
    if (rule.nearest.has_value()) rule.nearest->group.Set("host", word);
    for (Transition& transition : rule.alerts) {
      Alert& alert = transition.alert;
      alert.rule_group = rule.group;
      alert.rule = rule.alert;
      alert.labels.Set("host", word);
      alert.labels.Set(absl::StrCat("x", word), "1");
      alert.annotations.emplace_back("summary", word);
      alert.annotations.emplace_back(word, word);
      alert.evidence.push_back({word, 0, word});
    }
  }
  for (SourceView& source : snapshot->sources) {
    source.key += word;
    source.why = word;
    source.state = SourceView::State::kDown;
  }
}

}  // namespace tallybell
