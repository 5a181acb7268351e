// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/dial.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

TimeNs Steady() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// "127.0.0.1:9093", "[::1]:9093".
std::string Place(const std::string& address, int port) {
  const bool v6 = absl::StrContains(address, ':');
  return absl::StrCat(v6 ? "[" : "", address, v6 ? "]" : "", ":", port);
}

absl::Status Failed(int error, const std::string& place) {
  if (error == ECONNREFUSED) {
    return absl::UnavailableError(absl::StrCat("connection refused: nobody listens at ", place));
  }
  return absl::UnavailableError(absl::StrCat("cannot connect to ", place, ": ", strerror(error)));
}

// Waits for a connection under way; 0 or an errno, ETIMEDOUT where `timeout` is over.
int Connected(int fd, DurationNs timeout) {
  const TimeNs deadline = AddNs(Steady(), timeout);
  pollfd waiting = {fd, POLLOUT, 0};
  for (;;) {
    const DurationNs left = std::max<DurationNs>(deadline - Steady(), 0);
    const int ready = poll(&waiting, 1, static_cast<int>((left + kMillisecond - 1) / kMillisecond));
    if (ready > 0) break;
    if (ready == 0) return ETIMEDOUT;
    if (errno != EINTR) return errno;
  }
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  if (error != 0) return error;
  // One that was shut down from outside is ready as well.
  sockaddr_storage peer;
  size = sizeof peer;
  return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 ? 0 : ECONNABORTED;
}

}  // namespace

absl::StatusOr<UniqueFd> Dial(const std::string& address, int port, DurationNs timeout,
                              absl::FunctionRef<void(int)> watch) {
  const std::string place = Place(address, port);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), absl::StrCat(port).c_str(), &hints, &found) != 0) {
    return absl::UnavailableError(absl::StrCat(place, " is not an address"));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> freed(found, freeaddrinfo);
  UniqueFd fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!fd) return Failed(errno, place);
  watch(fd.get());
  int error = connect(fd.get(), found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) error = Connected(fd.get(), timeout);
  // Whoever watches it keeps it open, and it would go on trying.
  if (error != 0) shutdown(fd.get(), SHUT_RDWR);
  if (error == ETIMEDOUT) {
    return absl::UnavailableError(
        absl::StrCat("no connection to ", place, " within ",
                     FormatDuration(timeout - timeout % (100 * kMillisecond))));
  }
  if (error != 0) return Failed(error, place);
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
  return fd;
}

}  // namespace tallybell
