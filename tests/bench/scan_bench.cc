// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How fast blocks are scanned: literals alone with either engine, and candidate lines under each
// envelope.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "engine/scan/line_candidates.h"
#include "engine/scan/literal_scanner.h"
#include "tests/bench/controller_log.h"
#include "tests/bench/dressed_log.h"

namespace tallybell {
namespace {

using Engine = LiteralScanner::Engine;

constexpr size_t kBlockBytes = size_t{8} << 20;

// The four failures of the log, and texts beside them that it never holds.
std::vector<ScanLiteral> Literals(int64_t count) {
  std::vector<ScanLiteral> literals;
  for (const absl::string_view failure : ControllerLog::kFailures) {
    literals.push_back({std::string(failure), false});
  }
  static constexpr absl::string_view kWords[] = {"timeout in", "failed:", "no such", "refused by",
                                                 "lost node",  "panic",   "cannot",  "denied for"};
  for (int64_t i = 4; i < count; ++i) {
    literals.push_back({absl::StrCat(kWords[i % 8], " unit", i * 7919 % 10007), i % 8 == 7});
  }
  return literals;
}

DressedLog::Dress DressOf(ScanEnvelope envelope) {
  switch (envelope) {
    case ScanEnvelope::kDocker:
      return DressedLog::Dress::kDocker;
    case ScanEnvelope::kCri:
      return DressedLog::Dress::kCri;
    case ScanEnvelope::kNone:
      break;
  }
  return DressedLog::Dress::kGlog;
}

std::string Block(ScanEnvelope envelope) {
  DressedLog::Options options;
  options.dress = DressOf(envelope);
  DressedLog log(options);
  std::string block;
  while (block.size() < kBlockBytes) log.AppendLine(&block);
  return block;
}

void BM_Scan(benchmark::State& state, Engine engine) {
  auto scanner = LiteralScanner::Create(Literals(state.range(0)), engine);
  if (!scanner.ok()) return state.SkipWithError(scanner.status().ToString().c_str());
  const std::string block = Block(ScanEnvelope::kNone);
  const auto scratch = (*scanner)->NewScratch();
  std::vector<ScanHit> hits;
  for (auto _ : state) {
    hits.clear();
    (*scanner)->Scan(block, scratch.get(), &hits);
    benchmark::DoNotOptimize(hits.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * block.size()));
  state.counters["hits"] = static_cast<double>(hits.size());
}
BENCHMARK_CAPTURE(BM_Scan, packed, Engine::kPacked)->Arg(4);
BENCHMARK_CAPTURE(BM_Scan, packed_narrow, Engine::kPackedNarrow)->Arg(4);
BENCHMARK_CAPTURE(BM_Scan, hyperscan, Engine::kHyperscan)->Arg(4)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(BM_Scan, aho_corasick, Engine::kAhoCorasick)->Arg(4)->Arg(100)->Arg(1000);

void BM_Compile(benchmark::State& state, Engine engine) {
  const std::vector<ScanLiteral> literals = Literals(state.range(0));
  for (auto _ : state) {
    auto scanner = LiteralScanner::Create(literals, engine);
    if (!scanner.ok()) return state.SkipWithError(scanner.status().ToString().c_str());
    benchmark::DoNotOptimize(scanner->get());
  }
}
BENCHMARK_CAPTURE(BM_Compile, hyperscan, Engine::kHyperscan)
    ->Arg(1000)
    ->Arg(10000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Compile, aho_corasick, Engine::kAhoCorasick)
    ->Arg(1000)
    ->Arg(10000)
    ->Unit(benchmark::kMillisecond);

void BM_Candidates(benchmark::State& state, ScanEnvelope envelope) {
  std::vector<std::vector<ScanLiteral>> patterns;
  for (ScanLiteral& literal : Literals(state.range(0))) patterns.push_back({std::move(literal)});
  auto candidates = LineCandidates::Create(patterns, envelope);
  if (!candidates.ok()) return state.SkipWithError(candidates.status().ToString().c_str());
  const std::string block = Block(envelope);
  const auto scratch = (*candidates)->NewScratch();
  CandidateLines lines;
  for (auto _ : state) {
    (*candidates)->Find(block, scratch.get(), &lines);
    benchmark::DoNotOptimize(lines.lines().data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * block.size()));
  state.counters["lines"] = static_cast<double>(lines.lines().size());
}
BENCHMARK_CAPTURE(BM_Candidates, none, ScanEnvelope::kNone)->Arg(4)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(BM_Candidates, docker, ScanEnvelope::kDocker)->Arg(4)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(BM_Candidates, cri, ScanEnvelope::kCri)->Arg(4)->Arg(100)->Arg(1000);

}  // namespace
}  // namespace tallybell
