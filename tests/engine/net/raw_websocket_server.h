// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_NET_RAW_WEBSOCKET_SERVER_H_
#define TALLYBELL_TESTS_ENGINE_NET_RAW_WEBSOCKET_SERVER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "tests/support/loopback_listener.h"

namespace tallybell {

// One frame of a WebSocket.
struct WebSocketFrame {
  enum Opcode { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

  int opcode = kText;
  std::string payload;
  bool last = true;
  bool masked = false;

  // As bytes, the length in as few as can be.
  std::string Bytes() const;
};

// The frame that ends a connection.
WebSocketFrame CloseFrame(int code, absl::string_view reason);

// The server's end of one connection, as bytes.
class RawWebSocketPeer {
 public:
  RawWebSocketPeer(int fd, std::string head) : fd_(fd), head_(std::move(head)) {}

  // What the client asked with, and what accepts it.
  const std::string& head() const { return head_; }
  std::string Acceptance() const;

  // False once the other end has gone.
  bool Send(absl::string_view bytes) const;
  // In two parts, the second once the other end's kernel has the first.
  void SendInTwo(absl::string_view bytes, size_t first) const;
  // The next frame that the client says, decoded; opcode -1 once there is none.
  WebSocketFrame Receive() const;
  // Says that nothing more will be said.
  void HalfClose() const;
  // Waits until the other end goes.
  void AwaitEnd() const;

 private:
  const int fd_;
  const std::string head_;
};

// A server on a free port of the loopback that talks to each client as it is told, byte by byte.
// One client at a time; who is through is closed.
class RawWebSocketServer {
 public:
  using Talk = std::function<void(const RawWebSocketPeer&)>;

  // The head of the request has been read, and nothing was answered yet.
  explicit RawWebSocketServer(Talk talk);
  // Cuts who is being talked to.
  ~RawWebSocketServer();

  int port() const { return listener_.port(); }

 private:
  void Serve();

  const Talk talk_;
  const LoopbackListener listener_;
  absl::Mutex mutex_;
  int open_ ABSL_GUARDED_BY(mutex_) = -1;
  std::thread thread_;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_NET_RAW_WEBSOCKET_SERVER_H_
