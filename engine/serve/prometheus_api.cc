// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/prometheus_api.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

// A moment nobody knows is Go's zero time, as Prometheus has it.
std::string Moment(TimeNs time) {
  return time == kNoTime ? "0001-01-01T00:00:00Z" : FormatRfc3339(time);
}

double InSeconds(DurationNs duration) { return static_cast<double>(duration) / kSecond; }

Json Object(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json object = Json::object();
  for (const auto& [name, value] : pairs) object[name] = value;
  return object;
}

Json AlertJson(const Transition& transition) {
  const Alert& alert = transition.alert;
  Json lines = Json::array();
  for (const EvidenceLine& line : alert.evidence) lines.push_back(line.line);
  return {{"labels", Object(alert.labels.pairs())},
          {"annotations", Object(alert.annotations)},
          {"state", std::string(AlertStateName(transition.state))},
          {"activeAt", Moment(alert.starts_at)},
          {"value", FormatValue(alert.value)},
          {"exact", alert.exact},
          {"lines", std::move(lines)}};
}

Json AlertsJson(const RuleView& rule) {
  Json alerts = Json::array();
  for (const Transition& alert : rule.alerts) alerts.push_back(AlertJson(alert));
  return alerts;
}

Json NearestJson(const RuleView& rule) {
  if (!rule.nearest.has_value()) return nullptr;
  return {{"value", rule.nearest->value},
          {"of", rule.threshold},
          {"time", Moment(rule.nearest->time)},
          {"labels", Object(rule.nearest->group.pairs())}};
}

Json RuleJson(const RuleView& rule, bool alerts) {
  return {{"state", std::string(AlertStateName(rule.state))},
          {"name", rule.alert},
          {"query", rule.query},
          {"duration", InSeconds(rule.hold)},
          {"keepFiringFor", InSeconds(rule.keep_firing_for)},
          {"labels", Object(rule.labels)},
          {"annotations", Object(rule.annotations)},
          {"alerts", alerts ? AlertsJson(rule) : Json::array()},
          {"health", rule.decided == kNoTime ? "unknown" : "ok"},
          {"evaluationTime", 0},
          {"lastEvaluation", Moment(rule.decided)},
          {"type", "alerting"},
          {"line", rule.line},
          {"activeAlerts", rule.active},
          {"groups", rule.groups},
          {"matches", rule.matches},
          {"nearest", NearestJson(rule)}};
}

bool Asked(const std::vector<std::string>& asked, const std::string& name) {
  return asked.empty() || std::find(asked.begin(), asked.end(), name) != asked.end();
}

}  // namespace

std::string FormatValue(int64_t value) {
  std::string digits = absl::StrCat(value < 0 ? -static_cast<uint64_t>(value) : value);
  const size_t exponent = digits.size() - 1;
  digits.resize(std::max<size_t>(digits.find_last_not_of('0') + 1, 1));
  return absl::StrCat(value < 0 ? "-" : "", digits.substr(0, 1), digits.size() > 1 ? "." : "",
                      digits.substr(1), "e+", exponent < 10 ? "0" : "", exponent);
}

Json SuccessAnswer(Json data) { return {{"status", "success"}, {"data", std::move(data)}}; }

Json ErrorAnswer(absl::string_view type, absl::string_view what) {
  return {{"status", "error"}, {"errorType", std::string(type)}, {"error", std::string(what)}};
}

Json RulesAnswer(const EngineSnapshot& snapshot, const RulesQuery& query) {
  Json groups = Json::array();
  for (const RuleView& rule : snapshot.rules) {
    if (!query.alerting || !Asked(query.rule_names, rule.alert) ||
        !Asked(query.groups, rule.group) || !Asked(query.files, rule.file)) {
      continue;
    }
    // Rules of one group stand together.
    if (groups.empty() || groups.back()["name"] != rule.group ||
        groups.back()["file"] != rule.file) {
      groups.push_back({{"name", rule.group},
                        {"file", rule.file},
                        {"rules", Json::array()},
                        {"interval", 0},
                        {"limit", 0},
                        {"evaluationTime", 0},
                        {"lastEvaluation", Moment(rule.decided)}});
    }
    groups.back()["rules"].push_back(RuleJson(rule, !query.exclude_alerts));
  }
  return SuccessAnswer({{"groups", std::move(groups)}});
}

Json AlertsAnswer(const EngineSnapshot& snapshot) {
  Json alerts = Json::array();
  for (const RuleView& rule : snapshot.rules) {
    for (const Transition& alert : rule.alerts) alerts.push_back(AlertJson(alert));
  }
  return SuccessAnswer({{"alerts", std::move(alerts)}});
}

Json SourcesAnswer(const EngineSnapshot& snapshot) {
  Json sources = Json::array();
  for (const SourceView& source : snapshot.sources) {
    sources.push_back({{"source", source.key},
                       {"state", std::string(SourceStateName(source.state))},
                       {"error", source.why},
                       {"completeTo", Moment(source.complete_to)},
                       {"lateness", FormatDuration(source.lateness)},
                       {"files", source.files},
                       {"lines", source.lines},
                       {"bytes", source.bytes}});
  }
  return SuccessAnswer({{"sources", std::move(sources)}});
}

}  // namespace tallybell
