// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/listen_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"

namespace tallybell {
namespace {

constexpr int kBacklog = 1024;

absl::Status Error(absl::string_view what, absl::string_view address) {
  if (errno == EADDRINUSE) {
    return absl::AlreadyExistsError(
        absl::StrCat("cannot ", what, " ", address, ": something else listens there"));
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", what, " ", address));
}

absl::StatusOr<UniqueFd> NewSocket(int family, absl::string_view address) {
  UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return Error("make a socket for", address);
  return fd;
}

// An address of either family as the system wants it.
struct TcpAddress {
  sockaddr_storage storage = {};
  socklen_t size = 0;
  bool is_loopback = false;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool Set(const std::string& host, int port);
};

bool TcpAddress::Set(const std::string& host, int port) {
  sockaddr_in v4 = {};
  sockaddr_in6 v6 = {};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    is_loopback = (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
    size = sizeof v4;
    std::memcpy(&storage, &v4, size);
    return true;
  }
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return false;
  is_loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
  size = sizeof v6;
  std::memcpy(&storage, &v6, size);
  return true;
}

std::string Describe(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &storage, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return absl::StrCat(text, ":", ntohs(v4.sin_port));
  }
  if (storage.ss_family != AF_INET6) return "unix";
  sockaddr_in6 v6;
  std::memcpy(&v6, &storage, sizeof v6);
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return absl::StrCat("[", text, "]:", ntohs(v6.sin6_port));
}

absl::StatusOr<TcpAddress> ParseTcp(absl::string_view address) {
  const absl::Status wrong = absl::InvalidArgumentError(
      absl::StrCat("listen address \"", address,
                   "\" is not IP:PORT, [IPv6]:PORT, localhost:PORT, :PORT or unix:/PATH"));
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos) return wrong;
  int port = -1;
  if (!absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 || port > 65535) return wrong;
  absl::string_view host = address.substr(0, colon);
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    host = host.substr(1, host.size() - 2);
    if (!absl::StrContains(host, ':')) return wrong;
  } else if (absl::StrContains(host, ':')) {
    return wrong;
  }
  if (host == "localhost") host = "127.0.0.1";
  if (host.empty()) host = "::";
  TcpAddress out;
  if (!out.Set(std::string(host), port)) return wrong;
  return out;
}

// Whether a process accepts connections at a unix socket.
bool SomebodyListens(const sockaddr_un& name) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return true;
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) return true;
  return errno != ECONNREFUSED;  // EAGAIN: its queue is full
}

}  // namespace

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : fd_(std::move(other.fd_)),
      port_(other.port_),
      is_local_(other.is_local_),
      address_(std::move(other.address_)),
      file_(std::exchange(other.file_, {})),
      inode_(other.inode_) {}

ListenSocket::~ListenSocket() { RemoveFile(); }

void ListenSocket::RemoveFile() {
  struct stat now;
  if (!file_.empty() && lstat(file_.c_str(), &now) == 0 && now.st_ino == inode_) {
    unlink(file_.c_str());
  }
}

absl::StatusOr<ListenSocket> ListenSocket::Open(absl::string_view address) {
  constexpr absl::string_view kUnix = "unix:";
  if (absl::StartsWith(address, kUnix)) return OpenUnix(address.substr(kUnix.size()));
  return OpenTcp(address);
}

absl::StatusOr<ListenSocket> ListenSocket::OpenUnix(absl::string_view path) {
  ListenSocket out;
  out.address_ = absl::StrCat("unix:", path);
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (!absl::StartsWith(path, "/") || path.size() >= sizeof name.sun_path ||
      absl::StrContains(path, '\0')) {
    return absl::InvalidArgumentError(
        absl::StrCat(out.address_, ": a unix socket needs an absolute path of at most ",
                     sizeof name.sun_path - 1, " bytes"));
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  const auto* const where = reinterpret_cast<const sockaddr*>(&name);
  ASSIGN_OR_RETURN(out.fd_, NewSocket(AF_UNIX, out.address_));
  int bound = bind(out.fd_.get(), where, sizeof name);
  if (bound != 0 && errno == EADDRINUSE) {
    struct stat there;
    if (lstat(name.sun_path, &there) != 0 || !S_ISSOCK(there.st_mode) || SomebodyListens(name)) {
      errno = EADDRINUSE;
      return Error("listen on", out.address_);
    }
    unlink(name.sun_path);
    bound = bind(out.fd_.get(), where, sizeof name);
  }
  if (bound != 0) return Error("listen on", out.address_);
  struct stat made;
  if (lstat(name.sun_path, &made) != 0) return Error("listen on", out.address_);
  out.file_ = name.sun_path;
  out.inode_ = made.st_ino;
  // Nobody can connect before it listens, so nobody comes in by the mode that umask gave it.
  if (chmod(name.sun_path, 0660) != 0 || listen(out.fd_.get(), kBacklog) != 0) {
    return Error("listen on", out.address_);
  }
  return out;
}

absl::StatusOr<ListenSocket> ListenSocket::OpenTcp(absl::string_view address) {
  ASSIGN_OR_RETURN(TcpAddress tcp, ParseTcp(address));
  absl::StatusOr<UniqueFd> fd = NewSocket(tcp.storage.ss_family, address);
  const size_t colon = address.rfind(':');
  if (!fd.ok() && colon == 0) {  // a host without IPv6
    ASSIGN_OR_RETURN(tcp, ParseTcp(absl::StrCat("0.0.0.0", address)));
    fd = NewSocket(tcp.storage.ss_family, address);
  }
  RETURN_IF_ERROR(fd.status());
  ListenSocket out;
  out.fd_ = *std::move(fd);
  out.is_local_ = tcp.is_loopback;
  const int on = 1, off = 0;
  setsockopt(out.fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (tcp.storage.ss_family == AF_INET6) {
    setsockopt(out.fd_.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (bind(out.fd_.get(), tcp.get(), tcp.size) != 0 || listen(out.fd_.get(), kBacklog) != 0) {
    return Error("listen on", address);
  }
  sockaddr_storage bound = {};
  socklen_t size = sizeof bound;
  if (getsockname(out.fd_.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return Error("listen on", address);
  }
  out.address_ = Describe(bound);
  if (!absl::SimpleAtoi(out.address_.substr(out.address_.rfind(':') + 1), &out.port_)) {
    return absl::InternalError("a socket without a port");
  }
  return out;
}

std::string DescribePeer(int fd) {
  sockaddr_storage peer = {};
  socklen_t size = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return "unknown";
  return Describe(peer);
}

}  // namespace tallybell
