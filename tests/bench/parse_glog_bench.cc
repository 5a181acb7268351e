// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How fast headers are read and their stamps become instants.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "benchmark/benchmark.h"
#include "engine/parse/glog.h"
#include "engine/parse/line_parser.h"
#include "engine/parse/source_clock.h"

namespace tallybell {
namespace {

std::vector<std::string> ControllerLines() {
  static constexpr const char* kFiles[] = {"controller.go", "queue_server.go", "start_vm.go",
                                           "node_task.go", "agent.go"};
  std::vector<std::string> lines;
  for (int i = 0; i < 4096; ++i) {
    lines.push_back(absl::StrCat("I0501 12:32:30.", 100'000 + i * 7,
                                 i % 3 == 0 ? "   60538 " : "     341 ", kFiles[i % 5], ":",
                                 10 + i % 800, "] StartVm: reqID 4d6fd6b2-ba34-4c6b instance ", i));
  }
  return lines;
}

void BM_ParseGlog(benchmark::State& state) {
  const std::vector<std::string> lines = ControllerLines();
  for (auto _ : state) {
    for (const std::string& line : lines) {
      Stamp stamp;
      GlogHeader header;
      benchmark::DoNotOptimize(ParseGlog(line, &stamp, &header));
      benchmark::DoNotOptimize(stamp);
      benchmark::DoNotOptimize(header);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(lines.size()));
}
BENCHMARK(BM_ParseGlog);

void BM_ParseLineWithFields(benchmark::State& state) {
  const std::vector<std::string> lines = ControllerLines();
  const WantedFields wanted;
  const LineParser parser = LineParser::Only(*FindLineFormat("glog"), &wanted);
  ParsedLine parsed;
  for (auto _ : state) {
    for (const std::string& line : lines) {
      parser.Parse(line, &parsed);
      benchmark::DoNotOptimize(parsed);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(lines.size()));
}
BENCHMARK(BM_ParseLineWithFields);

// In a quiet segment, and in one that needs every stamp.
void BM_ResolveStamps(benchmark::State& state) {
  const bool quiet = state.range(0) == 1;
  std::vector<Stamp> stamps;
  for (const std::string& line : ControllerLines()) {
    GlogHeader header;
    ParseGlog(line, &stamps.emplace_back(), &header);
  }
  SourceClock::Options options;
  absl::TimeZone zone;
  if (absl::LoadTimeZone("Europe/Berlin", &zone)) options.zone = zone;
  options.first_year = 2024;
  SourceClock clock(options);
  clock.NextMark(stamps.front(), quiet ? std::optional<Stamp>(stamps.back()) : std::nullopt,
                 kNoTime);
  for (auto _ : state) {
    for (const Stamp& stamp : stamps) benchmark::DoNotOptimize(clock.Resolve(stamp, kNoTime));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(stamps.size()));
  state.SetLabel(clock.NeedsEveryStamp() ? "every stamp" : "quiet");
}
BENCHMARK(BM_ResolveStamps)->Arg(1)->Arg(0);

void BM_NextMark(benchmark::State& state) {
  SourceClock::Options options;
  options.first_year = 2024;
  SourceClock clock(options);
  Stamp mark;
  mark.month = 5;
  for (auto _ : state) benchmark::DoNotOptimize(clock.NextMark(mark, mark, kNoTime));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_NextMark);

}  // namespace
}  // namespace tallybell
