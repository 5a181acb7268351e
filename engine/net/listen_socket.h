// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Where a server listens: the address as a person writes it, and the socket.
#ifndef TALLYBELL_ENGINE_NET_LISTEN_SOCKET_H_
#define TALLYBELL_ENGINE_NET_LISTEN_SOCKET_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/unique_fd.h"

namespace tallybell {

// A listening, non-blocking socket. Movable; a unix socket's file goes with it if it is still its
// own.
class ListenSocket {
 public:
  // Listens on "127.0.0.1:9468", "[::1]:9468", "localhost:9468", ":9468" (every address), with port
  // 0 for one that the system chooses, or "unix:/run/tallybell.sock" (mode 0660; a file that
  // nobody listens at is replaced). Host names other than localhost are not looked up.
  // InvalidArgument for another form; else what the system says, AlreadyExists if somebody
  // listens there.
  static absl::StatusOr<ListenSocket> Open(absl::string_view address);

  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&&) = delete;
  ~ListenSocket();

  int fd() const { return fd_.get(); }
  // 0 for a unix socket.
  int port() const { return port_; }
  bool is_unix() const { return port_ == 0; }
  // Whether only processes of this host can come.
  bool is_local() const { return is_local_; }
  // As it can be connected to: "127.0.0.1:40123", "unix:/run/tallybell.sock".
  const std::string& address() const { return address_; }

 private:
  ListenSocket() = default;
  static absl::StatusOr<ListenSocket> OpenUnix(absl::string_view path);
  static absl::StatusOr<ListenSocket> OpenTcp(absl::string_view address);
  void RemoveFile();

  UniqueFd fd_;
  int port_ = 0;
  bool is_local_ = true;
  std::string address_;
  std::string file_;  // of a unix socket; empty: none is to be removed
  unsigned long long inode_ = 0;
};

// "127.0.0.1:51234", "[::1]:51234" or "unix": who is at the other end of a connected socket.
std::string DescribePeer(int fd);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_LISTEN_SOCKET_H_
