// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/engine/net/raw_http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

sockaddr_un UnixName(const std::string& path) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  return name;
}

UniqueFd Connect(const std::string& address) {
  if (absl::StartsWith(address, "unix:")) {
    UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un name = UnixName(address.substr(5));
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) return {};
    return fd;
  }
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name = {};
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port));
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<uint16_t>(port));
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) return {};
  return fd;
}

}  // namespace

RawHttpClient::RawHttpClient(const std::string& address) : fd_(Connect(address)) {
  EXPECT_TRUE(fd_) << address;
  const timeval patience = {60, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

bool RawHttpClient::CanConnect(const std::string& address) {
  return static_cast<bool>(tallybell::Connect(address));
}

void RawHttpClient::LeaveStaleSocket(const std::string& path) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un name = UnixName(path);
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
}

void RawHttpClient::TrySend(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

void RawHttpClient::Send(absl::string_view bytes) {
  // What is refused half-way is answered all the same; the answer is what a test looks at.
  TrySend(bytes);
}

bool RawHttpClient::ReadSome() {
  char buffer[65536];
  const ssize_t n = recv(fd_.get(), buffer, sizeof buffer, 0);
  EXPECT_FALSE(n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) << "silence";
  if (n <= 0) return false;
  in_.append(buffer, static_cast<size_t>(n));
  return true;
}

std::string RawHttpClient::ReadHead() {
  size_t end = 0;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadSome()) return std::exchange(in_, "");
  }
  std::string head = in_.substr(0, end + 4);
  in_.erase(0, end + 4);
  return head;
}

RawHttpClient::Answer RawHttpClient::ReadAnswer() {
  Answer answer;
  answer.head = ReadHead();
  if (!absl::StartsWith(answer.head, "HTTP/1.1 ") ||
      !absl::SimpleAtoi(answer.head.substr(9, 3), &answer.status)) {
    return answer;
  }
  const size_t found = answer.head.find("Content-Length: ");
  size_t length = 0;
  if (found != std::string::npos) {
    const size_t begin = found + 16;
    EXPECT_TRUE(absl::SimpleAtoi(answer.head.substr(begin, answer.head.find('\r', begin) - begin),
                                 &length));
  }
  while (in_.size() < length && ReadSome()) {
  }
  answer.body = in_.substr(0, length);
  in_.erase(0, length);
  return answer;
}

bool RawHttpClient::AtEnd() {
  while (ReadSome()) {
  }
  return true;
}

}  // namespace tallybell
