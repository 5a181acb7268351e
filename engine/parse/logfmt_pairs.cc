// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/logfmt_pairs.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/parse/go_quoted.h"

namespace tallybell {

bool LogfmtPairs::Next(LogfmtPair* pair) {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  if (rest_.empty()) return false;
  *pair = LogfmtPair();
  const size_t key = std::min(rest_.find_first_of("= \t\""), rest_.size());
  pair->key = rest_.substr(0, key);
  rest_.remove_prefix(key);
  pair->has_value = absl::ConsumePrefix(&rest_, "=");
  if (!pair->has_value && !absl::StartsWith(rest_, "\"")) return true;
  size_t size = std::min(rest_.find_first_of(" \t"), rest_.size());
  if (absl::StartsWith(rest_, "\"")) {
    size = GoQuotedLength(rest_);
    pair->quoted = size > 0;
    if (size == 0) size = rest_.size();
  }
  pair->value = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

bool BeginsLogfmtKey(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '@';
}

bool IsLogfmtKey(absl::string_view key) {
  if (key.empty() || !BeginsLogfmtKey(key[0])) return false;
  return std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("_.-/@", c);
  });
}

}  // namespace tallybell
