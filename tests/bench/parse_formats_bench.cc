// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How fast each format of text is read, with no field wanted and with all, and what the lines of a
// trace cost that have no header at all.

#include <string>

#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "engine/parse/line_parser.h"

namespace tallybell {
namespace {

struct Sample {
  const char* format;
  const char* line;
};

constexpr Sample kSamples[] = {
    {"glog", "E0501 12:32:30.426698     341 controller.go:114] StartVm: failed to get VM 7141d04e"},
    {"glog",
     "E1121 08:01:26.219600   21020 main.go:23] \"Failed to update\" err=\"timeout\" pod=\"f/b\""},
    {"capnslog",
     "2026-11-21 07:57:33.113821 W | etcdserver: alarm NOSPACE raised by peer 69b38ac7"},
    {"zap-console",
     "2022-03-03T16:04:16+02:00\tinfo\tmembership/store.go:141\tTrimming membership\t{\"n\": 1}"},
    {"logfmt",
     "time=\"2024-10-22T08:21:01-05:00\" level=info msg=\"1729603261391772000 anka stop\" "
     "logger=CMD"},
    {"go", "raft2026/11/21 07:57:29 INFO: 69b38ac7138de88d became leader at term 2"},
    {"syslog",
     "May 26 06:59:12 etcd-1 etcd[95994]: failed to apply request, err is etcdserver: no space"},
    {"syslog",
     "Jan 19 22:05:08 node kubelet: E0119 22:05:08.823485   20081 pod_workers.go:186] Error"},
    {"glog", "\t/usr/local/go/src/net/http/server.go:2046 +0x2f"},
    {"glog", "github.com/coreos/bbolt.(*node).spill(0xc001240d90, 0xc002b57ba0, 0x5)"},
    {"glog", "apiserver I0916 13:56:55.132842       1 clientconn.go:857] Subchannel created"},
};

void BM_ParseFormat(benchmark::State& state) {
  const Sample& sample = kSamples[state.range(0)];
  const WantedFields wanted = state.range(1) == 1 ? WantedFields::All() : WantedFields();
  const LineParser parser = LineParser::Mostly(*FindLineFormat(sample.format), &wanted);
  const absl::string_view line = sample.line;
  ParsedLine parsed;
  for (auto _ : state) {
    parser.Parse(line, &parsed);
    benchmark::DoNotOptimize(parsed);
  }
  state.SetItemsProcessed(state.iterations());
  state.SetLabel(std::string(line.substr(0, 40)));
}
BENCHMARK(BM_ParseFormat)
    ->ArgsProduct({benchmark::CreateDenseRange(0, std::size(kSamples) - 1, 1), {0, 1}});

}  // namespace
}  // namespace tallybell
