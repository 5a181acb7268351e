// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How fast pushes of 1 MiB are decoded, and how fast their lines are evaluated by PushRecords.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "engine/run/push_records.h"
#include "engine/source/loki_push_body.h"
#include "engine/source/push_digest.h"
#include "rules/rule_loader.h"
#include "tests/support/loki_push_encoder.h"

namespace tallybell {
namespace {

constexpr TimeNs kStart = 1'714'566'750 * kSecond;
constexpr int kLines = 8500;  // about 1 MiB

TestPush ControllerPush() {
  TestPush push{{{{{"job", "anka-controller"}, {"host", "mac1"}}, {}}}};
  for (int i = 0; i < kLines; ++i) {
    const bool counts = i % 200 == 0;
    push.streams[0].entries.push_back(
        {kStart + i * kMicrosecond,
         absl::StrCat("I0501 12:32:30.", 100'000 + i, "   60538 controller.go:", 10 + i % 800,
                      "] StartVm: reqID 4d6fd6b2-ba34-4c6b-8f1e-0123456789ab instance ",
                      counts ? "can't start vm" : "is running", " node ", i),
         {}});
  }
  return push;
}

void BM_DecodeProtobuf(benchmark::State& state) {
  const std::string block = Snappy(EncodeProtobuf(ControllerPush()));
  for (auto _ : state) {
    benchmark::DoNotOptimize(DecodeLokiPush(PushFormat::kProtobuf, block, PushLimits()));
  }
  state.SetItemsProcessed(state.iterations() * kLines);
}
BENCHMARK(BM_DecodeProtobuf);

void BM_DecodeJson(benchmark::State& state) {
  const std::string text = EncodeJson(ControllerPush());
  for (auto _ : state) {
    benchmark::DoNotOptimize(DecodeLokiPush(PushFormat::kJson, text, PushLimits()));
  }
  state.SetItemsProcessed(state.iterations() * kLines);
}
BENCHMARK(BM_DecodeJson);

void BM_Digest(benchmark::State& state) {
  const std::string message = EncodeProtobuf(ControllerPush());
  for (auto _ : state) benchmark::DoNotOptimize(DigestOf({"/loki/api/v1/push", "", message}));
  state.SetItemsProcessed(state.iterations() * kLines);
}
BENCHMARK(BM_Digest);

// One line in 200 counts.
void BM_ReadRecords(benchmark::State& state) {
  Diagnostics diagnostics;
  const RuleSet rules = LoadRulesFromText(
      "r",
      "groups: [{name: g, rules: [{alert: A, match: \"can't start vm\", when: count > 3 in 20m}]}]",
      &diagnostics);
  const Redactor redactor;
  Metrics metrics;
  const RuleMatcher matcher(&rules, &redactor, &metrics);
  CandidateRulesCache candidates(&rules);
  const PushStreams::LabelTemplates templates;
  PushStreams streams("push", &templates, &matcher, {});
  PushRecords records(PushRecords::Options(), &candidates, &matcher, rules.rules.size());
  const PushedBody body = *DecodeLokiPush(PushFormat::kProtobuf,
                                          Snappy(EncodeProtobuf(ControllerPush())), PushLimits());
  for (auto _ : state) {
    std::vector<MatchedRecord> matched;
    const PushedStream& pushed = body.streams()[0];
    records.Read(body, pushed, kStart + kMinute, streams.Get(pushed.labels, ""), &matched);
    benchmark::DoNotOptimize(matched);
  }
  state.SetItemsProcessed(state.iterations() * kLines);
}
BENCHMARK(BM_ReadRecords);

}  // namespace
}  // namespace tallybell
