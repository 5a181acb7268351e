// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/engine/net/raw_websocket_server.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/sha.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

std::string BigEndian(uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

// The next `size` bytes; fewer at the end.
std::string ReadBytes(int fd, size_t size) {
  std::string out(size, '\0');
  size_t got = 0;
  while (got < size) {
    const ssize_t n = recv(fd, out.data() + got, size - got, 0);
    if (n <= 0) break;
    got += static_cast<size_t>(n);
  }
  out.resize(got);
  return out;
}

std::string ReadHead(int fd) {
  std::string head;
  while (!absl::EndsWith(head, "\r\n\r\n")) {
    const std::string next = ReadBytes(fd, 1);
    if (next.empty()) break;
    head += next;
  }
  return head;
}

}  // namespace

std::string WebSocketFrame::Bytes() const {
  std::string out(1, static_cast<char>((last ? 0x80 : 0) | opcode));
  const char mask = masked ? static_cast<char>(0x80) : 0;
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(mask | static_cast<char>(payload.size())));
  } else if (payload.size() < 65536) {
    absl::StrAppend(&out, std::string(1, static_cast<char>(mask | 126)),
                    BigEndian(payload.size(), 2));
  } else {
    absl::StrAppend(&out, std::string(1, static_cast<char>(mask | 127)),
                    BigEndian(payload.size(), 8));
  }
  if (masked) out.append(4, '\0');  // a mask that changes nothing
  return out + payload;
}

WebSocketFrame CloseFrame(int code, absl::string_view reason) {
  WebSocketFrame frame;
  frame.opcode = WebSocketFrame::kClose;
  frame.payload = absl::StrCat(BigEndian(static_cast<uint64_t>(code), 2), reason);
  return frame;
}

std::string RawWebSocketPeer::Acceptance() const {
  constexpr absl::string_view kName = "Sec-WebSocket-Key: ";
  const size_t begin = head_.find(kName.data(), 0, kName.size()) + kName.size();
  const std::string key = absl::StrCat(head_.substr(begin, head_.find('\r', begin) - begin),
                                       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
  return absl::StrCat(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ",
      absl::Base64Escape(
          absl::string_view(reinterpret_cast<const char*>(digest), SHA_DIGEST_LENGTH)),
      "\r\n\r\n");
}

bool RawWebSocketPeer::Send(absl::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void RawWebSocketPeer::SendInTwo(absl::string_view bytes, size_t first) const {
  Send(bytes.substr(0, first));
  int unsent = 1;
  for (int i = 0; i < 1000 && unsent > 0 && ioctl(fd_, SIOCOUTQ, &unsent) == 0; ++i) {
    std::this_thread::yield();
  }
  Send(bytes.substr(first));
}

WebSocketFrame RawWebSocketPeer::Receive() const {
  WebSocketFrame frame;
  frame.opcode = -1;
  const std::string head = ReadBytes(fd_, 2);
  if (head.size() < 2) return frame;
  size_t size = static_cast<unsigned char>(head[1]) & 0x7f;
  frame.masked = (static_cast<unsigned char>(head[1]) & 0x80) != 0;
  if (size >= 126) std::abort();  // it has nothing so long to say
  const std::string mask = frame.masked ? ReadBytes(fd_, 4) : std::string(4, '\0');
  frame.payload = ReadBytes(fd_, size);
  for (size_t i = 0; i < frame.payload.size() && mask.size() == 4; ++i) {
    frame.payload[i] = static_cast<char>(frame.payload[i] ^ mask[i % 4]);
  }
  frame.opcode = head[0] & 0x0f;
  return frame;
}

void RawWebSocketPeer::HalfClose() const { shutdown(fd_, SHUT_WR); }

void RawWebSocketPeer::AwaitEnd() const {
  while (!ReadBytes(fd_, 1).empty()) continue;
}

RawWebSocketServer::RawWebSocketServer(Talk talk) : talk_(std::move(talk)) {
  thread_ = std::thread([this] { Serve(); });
}

RawWebSocketServer::~RawWebSocketServer() {
  listener_.Close();
  {
    absl::MutexLock lock(&mutex_);
    if (open_ >= 0) shutdown(open_, SHUT_RDWR);
  }
  thread_.join();
}

void RawWebSocketServer::Serve() {
  for (;;) {
    const UniqueFd client = listener_.Accept();
    if (client.get() < 0) return;
    const int one = 1;
    setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    {
      absl::MutexLock lock(&mutex_);
      open_ = client.get();
    }
    std::string head = ReadHead(client.get());
    if (absl::EndsWith(head, "\r\n\r\n")) {
      talk_(RawWebSocketPeer(client.get(), std::move(head)));
    }
    absl::MutexLock lock(&mutex_);
    open_ = -1;
  }
}

}  // namespace tallybell
