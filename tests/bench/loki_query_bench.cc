// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What it costs to read a page of 5,000 lines of a Loki: asking, taking the answer, decoding it,
// and finding out which lines are new. CPU time is this thread's, which has no part in serving.

#include <csignal>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "engine/base/clock.h"
#include "engine/run/loki_seen.h"
#include "engine/source/loki_query.h"
#include "tests/support/scripted_receiver.h"

namespace tallybell {
namespace {

constexpr TimeNs kStart = 1'714'566'750 * kSecond;
constexpr int kLines = 5000;
constexpr int kStreams = 20;

std::string Page() {
  std::string page =
      R"({"status":"success","data":{"resultType":"streams","encodingFlags":["categorize-labels"],)"
      R"("result":[)";
  for (int stream = 0; stream < kStreams; ++stream) {
    absl::StrAppend(&page, stream == 0 ? "" : ",", R"({"stream":{"job":"anka-agent","host":"mac)",
                    stream, R"(","service_name":"anka-agent"},"values":[)");
    for (int i = stream; i < kLines - 1; i += kStreams) {
      absl::StrAppend(&page, i == stream ? "" : ",", "[\"", kStart + i * kMillisecond,
                      R"(","I0501 12:32:30.426698   60538 agent.go:421] StartVm: reqID 4d6fd6b2 )",
                      R"(instance \u003canka-vm-)", i, R"(\u003e is running",)",
                      R"({"structuredMetadata":{"detected_level":"info"}}])");
    }
    page += "]}";
  }
  return page + R"(],"stats":{}}})";
}

void BM_ReadPage(benchmark::State& state) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::string page = Page();
  ScriptedReceiver server({ScriptedReceiver::Answer(200, page)});
  SystemClock clock;
  LokiQuery::Options options;
  options.target.http.base = ParseUrl(server.url()).value();
  options.target.query = "{job=\"a\"}";
  const auto query = LokiQuery::Create(options, &clock).value();
  LokiSeen seen("k", {});
  for (auto _ : state) {
    const LokiPage read = query->Read(kStart, kStart + kMinute).value();
    const std::vector<uint64_t> ids = LokiSeen::Identify(read.entries);
    for (size_t i = 0; i < ids.size(); ++i) {
      benchmark::DoNotOptimize(seen.Add(read.entries.entries[i].time, ids[i]));
    }
  }
  state.SetItemsProcessed(state.iterations() * (kLines - 1));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(page.size()));
}
BENCHMARK(BM_ReadPage)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tallybell
