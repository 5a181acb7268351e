// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How long the status page takes to write, and how large it becomes: rules and alerts are the two
// numbers of a case.

#include <string>

#include "benchmark/benchmark.h"
#include "engine/serve/status_page.h"
#include "tests/engine/serve/status_sample.h"

namespace tallybell {
namespace {

void WriteStatusPage(benchmark::State& state) {
  const StatusView view = SampleView(
      SampleSnapshot(static_cast<int>(state.range(0)), static_cast<int>(state.range(1))), "");
  size_t bytes = 0;
  for (auto _ : state) bytes = StatusPage(view).size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(WriteStatusPage)
    ->Args({10, 3})
    ->Args({100, 100})
    ->Args({1'000, 1'000})
    ->Args({1'000, 100'000})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tallybell
