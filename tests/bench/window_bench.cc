// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What a match costs in its window, and its line in the ring of evidence.

#include <string>

#include "benchmark/benchmark.h"
#include "engine/window/evidence_ring.h"
#include "engine/window/sliding_window.h"
#include "engine/window/times_ring.h"

namespace tallybell {
namespace {

// A window that holds as many matches as the argument says, of which truth needs four.
void BM_InsertAndDecide(benchmark::State& state) {
  const int64_t held = state.range(0);
  TimesRing ring;
  SlidingWindow window;
  TimeNs now = 1'714'566'750 * kSecond;
  const DurationNs width = held * kSecond;
  for (auto _ : state) {
    now += kSecond;
    window.Insert(WindowMatch(now), now - 1, nullptr);
    window.DecideThrough(now);
    window.Trim(now - width, 4, static_cast<size_t>(held), &ring);
    benchmark::DoNotOptimize(window.In(width, now).size());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_InsertAndDecide)->Arg(1)->Arg(4)->Arg(1000)->Arg(10'000);

// Matches that wait for their instant: those of `lateness`, a thousand a second.
void BM_InsertUndecided(benchmark::State& state) {
  SlidingWindow window;
  TimeNs now = 1'714'566'750 * kSecond;
  for (auto _ : state) {
    now += kMillisecond;
    window.Insert(WindowMatch(now), now - 45 * kSecond, nullptr);
    window.DecideThrough(now - 45 * kSecond);
    window.Trim(now - 65 * kSecond, 4, 4, nullptr);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_InsertUndecided);

void BM_KeepEvidence(benchmark::State& state) {
  EvidenceRing ring;
  const std::string line(static_cast<size_t>(state.range(0)), 'x');
  TimeNs now = 0;
  for (auto _ : state) {
    ++now;
    benchmark::DoNotOptimize(ring.Add(now, {0, 0, line}));
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_KeepEvidence)->Arg(124)->Arg(512);

}  // namespace
}  // namespace tallybell
