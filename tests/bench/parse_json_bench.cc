// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How fast lines of JSON are read: time and severity, then with fields; beside them simdjson, which
// reads the same out of a padded copy, where it is installed.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "engine/parse/json_line.h"
#include "engine/parse/line_parser.h"
#if defined(TALLYBELL_BENCH_SIMDJSON)
#include "simdjson.h"
#endif

namespace tallybell {
namespace {

// As etcd writes them through zap.
std::vector<std::string> EtcdLines() {
  std::vector<std::string> lines;
  for (int i = 0; i < 4096; ++i) {
    const std::string time = absl::StrCat("2026-11-21T07:57:48.", 100'000 + i * 7, "Z");
    switch (i % 4) {
      case 0:
        lines.push_back(absl::StrCat(
            R"({"level":"info","ts":")", time,
            R"(","caller":"rafthttp/peer.go:137","msg":"started remote peer","remote-peer-id":")",
            i, R"("})"));
        break;
      case 1:
        lines.push_back(absl::StrCat(
            R"({"level":"warn","ts":")", time,
            R"(","caller":"etcdserver/util.go:121","msg":"failed to apply request","took":"12.3µs",)",
            R"("request":"put:<key:\"k\" value_size:)", i,
            R"( >","response":"size:4","error":"etcdserver: no space"})"));
        break;
      case 2:
        lines.push_back(absl::StrCat(
            R"({"level":"warn","ts":")", time,
            R"(","caller":"etcdserver/server.go:2065","msg":"alarm raised","alarm":"NOSPACE",)",
            R"("from":"57d39cadea8fb142"})"));
        break;
      default:
        lines.push_back(absl::StrCat(
            R"({"level":"info","ts":)", 1795248623, ".", 100'000 + i * 7,
            R"(,"logger":"raft","caller":"zp/main.go:28","msg":"became leader at term 2",)",
            R"("sent-request-id":11249020940439591963,"took":0.208245353,"ok":true})"));
    }
  }
  return lines;
}

int64_t SizeOf(const std::vector<std::string>& lines) {
  int64_t size = 0;
  for (const std::string& line : lines) size += static_cast<int64_t>(line.size()) + 1;
  return size;
}

void Report(benchmark::State& state, const std::vector<std::string>& lines) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(lines.size()));
  state.SetBytesProcessed(state.iterations() * SizeOf(lines));
}

void Parse(benchmark::State& state, const WantedFields& wanted) {
  const std::vector<std::string> lines = EtcdLines();
  const LineParser parser = LineParser::Only(*FindLineFormat("json"), &wanted);
  ParsedLine parsed;
  for (auto _ : state) {
    for (const std::string& line : lines) {
      parser.Parse(line, &parsed);
      benchmark::DoNotOptimize(parsed);
    }
  }
  Report(state, lines);
}

void BM_TimeAndSeverity(benchmark::State& state) { Parse(state, WantedFields()); }
BENCHMARK(BM_TimeAndSeverity);

void BM_TwoFields(benchmark::State& state) {
  WantedFields wanted;
  wanted.Add("message");
  wanted.Add("error");
  Parse(state, wanted);
}
BENCHMARK(BM_TwoFields);

void BM_AllFields(benchmark::State& state) { Parse(state, WantedFields::All()); }
BENCHMARK(BM_AllFields);

void BM_Scan(benchmark::State& state) {
  const std::vector<std::string> lines = EtcdLines();
  JsonMembers members;
  for (auto _ : state) {
    for (const std::string& line : lines) {
      benchmark::DoNotOptimize(ScanJsonLine(line, JsonDepth::kTop, &members));
    }
  }
  Report(state, lines);
}
BENCHMARK(BM_Scan);

#if defined(TALLYBELL_BENCH_SIMDJSON)
// It reads past the end of a text, so that a line has to be copied.
void BM_SimdjsonDom(benchmark::State& state) {
  const std::vector<std::string> lines = EtcdLines();
  simdjson::dom::parser parser;
  std::vector<char> padded(4096);
  for (auto _ : state) {
    for (const std::string& line : lines) {
      std::copy(line.begin(), line.end(), padded.begin());
      simdjson::dom::element document;
      if (parser.parse(padded.data(), line.size(), false).get(document)) std::abort();
      simdjson::dom::element time;
      if (document["ts"].get(time)) std::abort();
      std::string_view level;
      if (document["level"].get(level)) std::abort();
      benchmark::DoNotOptimize(time);
      benchmark::DoNotOptimize(level);
    }
  }
  Report(state, lines);
}
BENCHMARK(BM_SimdjsonDom);

// Checks no more than it passes: a line that is broken behind its time is not found out.
void BM_SimdjsonOnDemand(benchmark::State& state) {
  const std::vector<std::string> lines = EtcdLines();
  simdjson::ondemand::parser parser;
  std::vector<char> padded(4096);
  for (auto _ : state) {
    for (const std::string& line : lines) {
      std::copy(line.begin(), line.end(), padded.begin());
      simdjson::ondemand::document document;
      if (parser.iterate(padded.data(), line.size(), padded.size()).get(document)) std::abort();
      std::string_view level;
      if (document["level"].get(level)) std::abort();
      std::string_view time;
      if (document["ts"].raw_json_token().get(time)) std::abort();
      benchmark::DoNotOptimize(time);
      benchmark::DoNotOptimize(level);
    }
  }
  Report(state, lines);
}
BENCHMARK(BM_SimdjsonOnDemand);
#endif

}  // namespace
}  // namespace tallybell
