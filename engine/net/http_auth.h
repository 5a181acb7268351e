// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_HTTP_AUTH_H_
#define TALLYBELL_ENGINE_NET_HTTP_AUTH_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tallybell {

// Who may ask: judges the Authorization header of a request.
//
// Keeps digests only, and compares them without a hint in how long that takes at which byte or
// which of several they differ. Immutable, so any thread may ask it.
class HttpAuth {
 public:
  struct Options {
    std::vector<std::pair<std::string, std::string>> users;  // name and password, of Basic
    std::vector<std::string> bearer_tokens;
  };

  // Without users and tokens everybody may ask. An empty password or token never opens anything.
  explicit HttpAuth(const Options& options);

  bool required() const { return required_; }
  // Whether the value of an Authorization header lets its sender in.
  bool Admits(absl::string_view authorization) const;
  // The WWW-Authenticate header of a 401.
  const std::string& challenge() const { return challenge_; }

 private:
  bool required_;
  std::string challenge_;
  std::vector<std::string> digests_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_AUTH_H_
