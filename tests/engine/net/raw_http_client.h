// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_NET_RAW_HTTP_CLIENT_H_
#define TALLYBELL_TESTS_ENGINE_NET_RAW_HTTP_CLIENT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/unique_fd.h"

namespace tallybell {

// A connection that sends any bytes and reads answers. Gives up, with a failed test, after a
// minute of silence.
class RawHttpClient {
 public:
  struct Answer {
    int status = 0;  // 0: the connection ended first
    std::string head;
    std::string body;
  };

  // To "127.0.0.1:80", "[::1]:80" or "unix:/path".
  explicit RawHttpClient(const std::string& address);

  static bool CanConnect(const std::string& address);
  // A socket file that nobody listens at.
  static void LeaveStaleSocket(const std::string& path);

  void Send(absl::string_view bytes);
  // The same, where the other side may have ended.
  void TrySend(absl::string_view bytes);
  // Up to and with the empty line; shorter if the connection ended first.
  std::string ReadHead();
  Answer ReadAnswer();
  // Whether the other side has ended, after anything it still sent.
  bool AtEnd();
  void Close() { fd_.Reset(); }

 private:
  bool ReadSome();

  UniqueFd fd_;
  std::string in_;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_NET_RAW_HTTP_CLIENT_H_
