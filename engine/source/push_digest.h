// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_PUSH_DIGEST_H_
#define TALLYBELL_ENGINE_SOURCE_PUSH_DIGEST_H_

#include <array>
#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// What a push is known again by: the first 128 bits of SHA-256, so that nobody can make two
// different ones that are taken for the same.
using PushDigest = std::array<char, 16>;

// Of `parts`, each with its length, so that no two lists of parts are the same bytes.
PushDigest DigestOf(std::initializer_list<absl::string_view> parts);

// As 32 hex digits.
std::string FormatPushDigest(const PushDigest& digest);

// False if `text` is not what FormatPushDigest gives.
bool ParsePushDigest(absl::string_view text, PushDigest* digest);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_PUSH_DIGEST_H_
