// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How fast lines lose their envelopes and are cleaned.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "engine/frame/envelope.h"
#include "engine/frame/line_text.h"

namespace tallybell {
namespace {

// Lines of a controller, 124 bytes each, more than fit into the first-level cache.
std::vector<std::string> ControllerLines() {
  std::vector<std::string> lines;
  for (int i = 0; i < 4096; ++i) {
    lines.push_back(
        absl::StrCat("I0501 12:32:30.", 100'000 + i * 7, "     341 controller.go:", 100 + i % 800,
                     "] StartVm: reqID 4d6fd6b2-ba34-4c6b-6d02-80b2ce391be6 instance ", 1'000 + i));
  }
  return lines;
}

void Report(benchmark::State& state, const std::vector<std::string>& lines) {
  int64_t bytes = 0;
  for (const std::string& line : lines) bytes += static_cast<int64_t>(line.size());
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(lines.size()));
  state.SetBytesProcessed(state.iterations() * bytes);
}

void CleanLines(benchmark::State& state, const std::vector<std::string>& lines) {
  std::string scratch;
  for (auto _ : state) {
    for (const std::string& line : lines) {
      benchmark::DoNotOptimize(LineText(line, false, &scratch));
    }
  }
  Report(state, lines);
}

void BM_CleanAsciiLines(benchmark::State& state) { CleanLines(state, ControllerLines()); }
BENCHMARK(BM_CleanAsciiLines);

void BM_CleanUtf8Lines(benchmark::State& state) {
  std::vector<std::string> lines = ControllerLines();
  for (std::string& line : lines) line += " \u65e5\u672c";
  CleanLines(state, lines);
}
BENCHMARK(BM_CleanUtf8Lines);

void BM_CleanColouredLines(benchmark::State& state) {
  std::vector<std::string> lines = ControllerLines();
  for (std::string& line : lines) line = absl::StrCat("\x1B[0;31m", line, "\x1B[m");
  CleanLines(state, lines);
}
BENCHMARK(BM_CleanColouredLines);

void UnwrapLines(benchmark::State& state, EnvelopeKind kind,
                 const std::vector<std::string>& lines) {
  std::string scratch;
  for (auto _ : state) {
    for (const std::string& line : lines) benchmark::DoNotOptimize(Unwrap(kind, line, &scratch));
  }
  Report(state, lines);
}

void BM_UnwrapDocker(benchmark::State& state) {
  std::vector<std::string> lines = ControllerLines();
  for (std::string& line : lines) {
    line = absl::StrCat("{\"log\":\"", line,
                        "\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-21T07:57:29.002000002Z\"}");
  }
  UnwrapLines(state, EnvelopeKind::kDocker, lines);
}
BENCHMARK(BM_UnwrapDocker);

void BM_UnwrapCri(benchmark::State& state) {
  std::vector<std::string> lines = ControllerLines();
  for (std::string& line : lines) {
    line = absl::StrCat("2026-11-21T07:57:29.002000002Z stderr F ", line);
  }
  UnwrapLines(state, EnvelopeKind::kCri, lines);
}
BENCHMARK(BM_UnwrapCri);

}  // namespace
}  // namespace tallybell
