// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How fast it is confirmed that a line counts: patterns, conditions, the group and the evidence.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "engine/match/rule_matcher.h"
#include "rules/rule_loader.h"
#include "tests/bench/dressed_log.h"

namespace tallybell {
namespace {

constexpr char kLiteral[] = "{alert: A, match: node, when: count > 3 in 20m}";
constexpr char kRegex[] =
    "{alert: A, match: '/instance [0-9a-f-]+ scheduled/', when: count > 3 in 20m}";
constexpr char kCapture[] =
    "{alert: A, match: '/ on (?P<host>mac[0-9]+)$/', by: [host], when: count > 3 in 20m}";
// The same, as RE2 finds it: a repeated group is not plain.
constexpr char kCaptureByRe2[] =
    "{alert: A, match: '/ on (?P<host>mac(?:[0-9])+)$/', by: [host], when: count > 3 in 20m}";
constexpr char kField[] = "{alert: A, match: ' on ', by: [file], when: count > 3 in 20m}";
constexpr char kWhere[] =
    "{alert: A, where: severity >= info and file != \"vm.go\", when: count > 3 in 20m}";

// Every line is put to the rule, as if the scan had found something in each.
void BM_Confirm(benchmark::State& state, const char* rule) {
  Diagnostics diagnostics;
  const RuleSet rules = LoadRulesFromText(
      "rules.yaml", absl::StrCat("groups: [{name: g, rules: [", rule, "]}]"), &diagnostics);
  if (diagnostics.HasErrors()) return state.SkipWithError(diagnostics.ToString().c_str());
  const Redactor redactor{std::vector<Pattern>()};
  Metrics metrics;
  const RuleMatcher matcher(&rules, &redactor, &metrics);
  DressedLog::Options options;
  options.hosts = 1000;
  DressedLog log(options);
  std::vector<std::string> lines(4096);
  for (std::string& line : lines) {
    log.AppendLine(&line);
    line.pop_back();
  }
  const Labels stream;
  Record record;
  record.stream = &stream;
  record.severity = Severity::kInfo;
  Fields fields;
  fields.Add("file", "controller.go");
  record.fields = &fields;
  RuleMatches matches;
  int64_t counted = 0;
  for (auto _ : state) {
    for (const std::string& line : lines) {
      record.text = line;
      matches = RuleMatches();
      matcher.Match(record, {0}, &matches);
      counted += static_cast<int64_t>(matches.size());
    }
  }
  const int64_t all = state.iterations() * static_cast<int64_t>(lines.size());
  state.SetItemsProcessed(all);
  state.counters["counted"] = static_cast<double>(counted) / static_cast<double>(all);
}
BENCHMARK_CAPTURE(BM_Confirm, literal, kLiteral);
BENCHMARK_CAPTURE(BM_Confirm, regex, kRegex);
BENCHMARK_CAPTURE(BM_Confirm, capture, kCapture);
BENCHMARK_CAPTURE(BM_Confirm, capture_by_re2, kCaptureByRe2);
BENCHMARK_CAPTURE(BM_Confirm, field, kField);
BENCHMARK_CAPTURE(BM_Confirm, where, kWhere);

// The same lines and one pattern: what of the above is the search for the groups.
void BM_FindCaptures(benchmark::State& state, const char* regex) {
  const Pattern pattern = *Pattern::Regex(regex, false);
  DressedLog::Options options;
  options.hosts = 1000;
  DressedLog log(options);
  std::vector<std::string> lines(4096);
  for (std::string& line : lines) {
    log.AppendLine(&line);
    line.pop_back();
  }
  absl::string_view match;
  Captures captures;
  for (auto _ : state) {
    for (const std::string& line : lines) {
      benchmark::DoNotOptimize(pattern.FindCaptures(line, &match, &captures));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(lines.size()));
}
BENCHMARK_CAPTURE(BM_FindCaptures, plain_end, " on (?P<host>mac[0-9]+)$");
BENCHMARK_CAPTURE(BM_FindCaptures, re2_end, " on (?P<host>mac(?:[0-9])+)$");
BENCHMARK_CAPTURE(BM_FindCaptures, plain, " on (?P<host>mac[0-9]+)");
BENCHMARK_CAPTURE(BM_FindCaptures, re2, " on (?P<host>mac(?:[0-9])+)");
BENCHMARK_CAPTURE(BM_FindCaptures, plain_seldom, "instance (?P<id>[0-9a-f-]+) scheduled");
BENCHMARK_CAPTURE(BM_FindCaptures, re2_seldom, "instance (?P<id>(?:[0-9a-f-])+) scheduled");

}  // namespace
}  // namespace tallybell
