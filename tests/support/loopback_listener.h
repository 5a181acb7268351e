// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_SUPPORT_LOOPBACK_LISTENER_H_
#define TALLYBELL_TESTS_SUPPORT_LOOPBACK_LISTENER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>

#include "engine/base/unique_fd.h"

namespace tallybell {

// The door of a test's server: a free port of the loopback, open from the beginning on.
class LoopbackListener {
 public:
  LoopbackListener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (bind(fd_.get(), any, size) != 0 || listen(fd_.get(), 64) != 0 ||
        getsockname(fd_.get(), any, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
  }

  int port() const { return port_; }

  // The next client; none once it is closed.
  UniqueFd Accept() const { return UniqueFd(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }

  // Ends Accept, on whatever thread that is.
  void Close() const { shutdown(fd_.get(), SHUT_RDWR); }

 private:
  const UniqueFd fd_;
  int port_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_SUPPORT_LOOPBACK_LISTENER_H_
