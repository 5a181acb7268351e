// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_URL_H_
#define TALLYBELL_ENGINE_NET_URL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tallybell {

// Where a server is: scheme, host, port and the path that everything else is put behind. Holds no
// secret, so it may be logged. A plain value.
struct Url {
  bool tls = false;  // https
  std::string host;  // a name or an address; IPv6 without its brackets
  int port = 0;      // 1 to 65535
  std::string path;  // "" or "/api": never ends in a slash

  // "http://[::1]:9093/api". The port is left out where it is the scheme's own.
  std::string ToString() const;
  // What a Host header says: "[::1]:9093", "example.com".
  std::string HostHeader() const;
};

// Reads a base URL as a person writes it into the configuration: http or https, no user, no query,
// no fragment. InvalidArgument says what is wrong and what to do; it never repeats a password.
absl::StatusOr<Url> ParseUrl(absl::string_view text);

// Whether `path` may stand in a request line: printable ASCII, begins with a slash, and nothing
// that could end the line early.
bool IsRequestPath(absl::string_view path);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_URL_H_
