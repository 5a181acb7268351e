// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What the identity of an alert costs.

#include <string>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "engine/model/labels.h"

namespace tallybell {
namespace {

Labels LabelsOf(int64_t count) {
  Labels labels;
  labels.Set("alertname", "AnkaVmStartFailing");
  for (int64_t i = 1; i < count; ++i) {
    labels.Set(absl::StrCat("label_", i), absl::StrCat("value-of-a-label-", i * 7919));
  }
  return labels;
}

void BM_Fingerprint(benchmark::State& state) {
  const Labels labels = LabelsOf(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(labels.Fingerprint());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Fingerprint)->Arg(3)->Arg(8)->Arg(32);

void BM_SetLabels(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(LabelsOf(state.range(0)));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_SetLabels)->Arg(3)->Arg(8)->Arg(32);

}  // namespace
}  // namespace tallybell
