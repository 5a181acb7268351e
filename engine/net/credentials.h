// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_CREDENTIALS_H_
#define TALLYBELL_ENGINE_NET_CREDENTIALS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tallybell {

// What proves to a server who asks: the value of an Authorization header.
//
// Holds a secret. It is never logged, and Redact takes it out of what a server says back. Not
// thread-safe.
class Credentials {
 public:
  struct Options {
    std::string scheme;       // "Bearer", "Key", "Basic"; empty: no header is sent
    std::string user;         // of Basic
    std::string secret;       // the token, key or password itself, or
    std::string secret_file;  // a file that holds it; blanks and newlines around it are cut
  };

  // None: sends no header.
  Credentials() = default;

  // InvalidArgument for a scheme or secret that cannot stand in a header; NotFound or
  // PermissionDenied where the file cannot be read.
  static absl::StatusOr<Credentials> Make(Options options);

  // Empty where there is nothing to send.
  const std::string& header() const { return header_; }

  // Reads the file again, for a key that was changed under us. True if the header is another now.
  bool Reload();

  // `text` with every occurrence of the secret replaced.
  std::string Redact(absl::string_view text) const;

 private:
  absl::Status Load();

  Options options_;
  std::string secret_;
  std::string header_;
};

// What a file holds, without the blanks and newlines around it: a secret. NotFound or
// PermissionDenied where it cannot be read, InvalidArgument if it is over 16 KiB.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// Whether `value` may stand in a header: nothing that ends the line early.
bool IsHeaderValue(absl::string_view value);
// Whether `name` is a header's name: letters, digits and !#$%&'*+-.^_`|~
bool IsHeaderName(absl::string_view name);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_CREDENTIALS_H_
