// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/credentials.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/unique_fd.h"

namespace tallybell {
namespace {

constexpr size_t kMaxSecret = 16 * 1024;
// Shorter than this, a secret's text turns up in harmless words, and replacing it would only show
// what it is.
constexpr size_t kMinRedacted = 4;

}  // namespace

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read the secret in ", path));
  std::string text(kMaxSecret + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = read(fd.get(), text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read the secret in ", path));
    if (n == 0) break;
    size += n;
  }
  if (size > kMaxSecret) {
    return absl::InvalidArgumentError(absl::StrCat("the secret in ", path, " is over 16 KiB"));
  }
  text.resize(size);
  absl::StripAsciiWhitespace(&text);
  return text;
}

bool IsHeaderValue(absl::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool IsHeaderName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || absl::StrContains("!#$%&'*+-.^_`|~", c);
  });
}

absl::StatusOr<Credentials> Credentials::Make(Options options) {
  Credentials credentials;
  credentials.options_ = std::move(options);
  if (absl::Status status = credentials.Load(); !status.ok()) return status;
  return credentials;
}

absl::Status Credentials::Load() {
  if (options_.scheme.empty()) return absl::OkStatus();
  if (!IsHeaderName(options_.scheme)) {
    return absl::InvalidArgumentError("the authorization scheme is not a word");
  }
  std::string secret = options_.secret;
  if (!options_.secret_file.empty()) {
    absl::StatusOr<std::string> read = ReadSecretFile(options_.secret_file);
    if (!read.ok()) return read.status();
    secret = *std::move(read);
  }
  if (secret.empty()) return absl::InvalidArgumentError("the secret is empty");
  if (!IsHeaderValue(secret)) {
    return absl::InvalidArgumentError("the secret holds a control character");
  }
  const bool basic = absl::EqualsIgnoreCase(options_.scheme, "Basic");
  secret_ = std::move(secret);
  header_ =
      absl::StrCat(options_.scheme, " ",
                   basic ? absl::Base64Escape(absl::StrCat(options_.user, ":", secret_)) : secret_);
  return absl::OkStatus();
}

bool Credentials::Reload() {
  if (options_.secret_file.empty()) return false;
  const std::string before = header_;
  // A file that is just being replaced may be gone or empty; what was read before stays.
  return Load().ok() && header_ != before;
}

std::string Credentials::Redact(absl::string_view text) const {
  if (secret_.size() < kMinRedacted) return std::string(text);
  // A server that repeats the header has what stands behind the scheme: of Basic, it is base64.
  const absl::string_view sent = absl::string_view(header_).substr(header_.find(' ') + 1);
  return absl::StrReplaceAll(text, {{secret_, "<secret>"}, {sent, "<secret>"}});
}

}  // namespace tallybell
