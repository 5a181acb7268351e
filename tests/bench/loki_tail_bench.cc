// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How fast a Loki's tail is listened to: the same frames of 100 entries over the loopback, from a
// server on a thread of its own, read as bytes, as messages, and as LokiTail does.

#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "engine/base/unique_fd.h"
#include "engine/net/websocket_client.h"
#include "engine/source/loki_tail_message.h"
#include "tests/engine/net/raw_websocket_server.h"

namespace tallybell {
namespace {

constexpr size_t kBytesARound = 64 << 20;

std::string TailFrame() {
  WebSocketFrame frame;
  frame.payload = R"({"streams":[)";
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(
        &frame.payload, i == 0 ? "" : ",", R"({"stream":{"job":"anka-agent","host":"mac)", i % 20,
        R"(","service_name":"anka-agent","filename":"/Library/Logs/Veertu/anka_agent.INFO"},)",
        R"("values":[[")", 1'795'248'407'562'000'000 + i,
        R"(","I0501 12:32:30.426698   60538 agent.go:421] StartVm: reqID 4d6fd6b2 instance )",
        R"(\u003canka-vm-)", i, R"(\u003e is running on node mac7"]]})");
  }
  frame.payload += "]}";
  return frame.Bytes();
}

// Says the same frame until nobody listens any more.
class Speaker {
 public:
  Speaker()
      : server_([this](const RawWebSocketPeer& peer) {
          peer.Send(peer.Acceptance());
          std::string many;
          while (many.size() < (1 << 20)) many += frame_;
          while (peer.Send(many)) continue;
        }) {}

  int port() const { return server_.port(); }
  size_t frame_bytes() const { return frame_.size(); }

 private:
  const std::string frame_ = TailFrame();
  RawWebSocketServer server_;
};

UniqueFd ConnectRaw(int port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string request = "GET / HTTP/1.1\r\nSec-WebSocket-Key: x\r\n\r\n";
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      send(fd.get(), request.data(), request.size(), 0) < 0) {
    fd.Reset();
  }
  return fd;
}

void BM_Bytes(benchmark::State& state) {
  Speaker speaker;
  const UniqueFd fd = ConnectRaw(speaker.port());
  std::vector<char> buffer(1 << 16);
  for (auto _ : state) {
    for (size_t got = 0; got < kBytesARound;) {
      const ssize_t n = recv(fd.get(), buffer.data(), buffer.size(), 0);
      if (n <= 0) return state.SkipWithError("the server went");
      got += static_cast<size_t>(n);
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kBytesARound));
}
BENCHMARK(BM_Bytes)->UseRealTime()->Unit(benchmark::kMillisecond);

void Listen(benchmark::State& state, bool decode) {
  Speaker speaker;
  WebSocketClient::Options options;
  options.http.base = ParseUrl(absl::StrCat("http://127.0.0.1:", speaker.port())).value();
  const auto client = WebSocketClient::Create(options).value();
  if (!client->Open("/", {}).ok()) return state.SkipWithError("no tail");
  for (auto _ : state) {
    for (size_t got = 0; got < kBytesARound; got += speaker.frame_bytes()) {
      const absl::StatusOr<std::string> message = client->Read();
      if (!message.ok()) return state.SkipWithError("the server went");
      if (decode && ReadLokiTailMessage(*message).value().lines != 100) {
        return state.SkipWithError("lines are missing");
      }
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kBytesARound));
}

void BM_Messages(benchmark::State& state) { Listen(state, false); }
BENCHMARK(BM_Messages)->UseRealTime()->Unit(benchmark::kMillisecond);

void BM_Tail(benchmark::State& state) { Listen(state, true); }
BENCHMARK(BM_Tail)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tallybell
