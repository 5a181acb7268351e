// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_auth.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

std::string Digest(absl::string_view scheme, absl::string_view secret) {
  const std::string text = absl::StrCat(scheme, " ", secret);
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(&digest[0]));
  return digest;
}

}  // namespace

HttpAuth::HttpAuth(const Options& options)
    : required_(!options.users.empty() || !options.bearer_tokens.empty()) {
  for (const auto& [user, password] : options.users) {
    if (!password.empty()) digests_.push_back(Digest("Basic", absl::StrCat(user, ":", password)));
  }
  for (const std::string& token : options.bearer_tokens) {
    if (!token.empty()) digests_.push_back(Digest("Bearer", token));
  }
  challenge_ = options.users.empty() ? "Bearer realm=\"tallybell\""
                                     : "Basic realm=\"tallybell\", charset=\"UTF-8\"";
}

bool HttpAuth::Admits(absl::string_view authorization) const {
  if (!required_) return true;
  const size_t blank = authorization.find(' ');
  if (blank == absl::string_view::npos) return false;
  const absl::string_view scheme = authorization.substr(0, blank);
  absl::string_view secret = authorization.substr(blank + 1);
  while (absl::StartsWith(secret, " ")) secret.remove_prefix(1);
  std::string asked;
  if (absl::EqualsIgnoreCase(scheme, "Bearer")) {
    asked = Digest("Bearer", secret);
  } else if (absl::EqualsIgnoreCase(scheme, "Basic")) {
    std::string decoded;
    if (!absl::Base64Unescape(secret, &decoded)) return false;
    asked = Digest("Basic", decoded);
    OPENSSL_cleanse(&decoded[0], decoded.size());
  } else {
    return false;
  }
  int admitted = 0;
  for (const std::string& digest : digests_) {
    admitted |= static_cast<int>(CRYPTO_memcmp(digest.data(), asked.data(), digest.size()) == 0);
  }
  return admitted != 0;
}

}  // namespace tallybell
