// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/push_digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"

namespace tallybell {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

PushDigest DigestOf(std::initializer_list<absl::string_view> parts) {
  // Looking up the algorithm and making room for it costs more than the digest of a line.
  static EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  unsigned char whole[EVP_MAX_MD_SIZE] = {};
  EVP_DigestInit_ex(context.get(), sha256, nullptr);
  for (const absl::string_view part : parts) {
    const uint64_t size = part.size();
    EVP_DigestUpdate(context.get(), &size, sizeof(size));
    EVP_DigestUpdate(context.get(), part.data(), part.size());
  }
  EVP_DigestFinal_ex(context.get(), whole, nullptr);
  PushDigest digest;
  std::copy_n(reinterpret_cast<const char*>(whole), digest.size(), digest.begin());
  return digest;
}

std::string FormatPushDigest(const PushDigest& digest) {
  return absl::BytesToHexString(absl::string_view(digest.data(), digest.size()));
}

bool ParsePushDigest(absl::string_view text, PushDigest* digest) {
  if (text.size() != 2 * digest->size() ||
      !std::all_of(text.begin(), text.end(), [](char c) { return absl::ascii_isxdigit(c); })) {
    return false;
  }
  const std::string bytes = absl::HexStringToBytes(text);
  std::copy(bytes.begin(), bytes.end(), digest->begin());
  return true;
}

}  // namespace tallybell
