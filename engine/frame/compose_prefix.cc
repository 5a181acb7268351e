// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/compose_prefix.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace tallybell {
namespace {

// Passes over colours: ESC [ 1 ; 36 m
void SkipColours(absl::string_view* rest) {
  while (absl::StartsWith(*rest, "\x1B[")) {
    size_t at = 2;
    while (at < rest->size() && (absl::ascii_isdigit((*rest)[at]) || (*rest)[at] == ';')) ++at;
    if (at == rest->size() || (*rest)[at] != 'm') return;
    rest->remove_prefix(at + 1);
  }
}

bool IsNameByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
}

}  // namespace

bool TakeComposePrefix(absl::string_view* rest, absl::string_view* name) {
  static constexpr size_t kMaxName = 128;
  static constexpr size_t kMaxPadding = 128;
  absl::string_view line = *rest;
  SkipColours(&line);
  size_t length = 0;
  while (length < line.size() && length <= kMaxName && IsNameByte(line[length])) ++length;
  if (length == 0 || length > kMaxName || line[0] == '-' || line[0] == '.') return false;
  const absl::string_view found = line.substr(0, length);
  line.remove_prefix(length);
  size_t padding = 0;
  while (padding < line.size() && padding <= kMaxPadding && line[padding] == ' ') ++padding;
  if (padding == 0 || padding > kMaxPadding) return false;
  if (padding == 1 && length == 1 && absl::ascii_isupper(found[0])) return false;
  line.remove_prefix(padding);
  if (!absl::ConsumePrefix(&line, "|")) return false;
  SkipColours(&line);
  if (!line.empty() && line[0] != ' ' && line[0] != '\r') return false;
  absl::ConsumePrefix(&line, " ");
  // Only what ends the colour of the prefix; what follows is of the text.
  absl::ConsumePrefix(&line, "\x1B[0m");
  *name = found;
  *rest = line;
  return true;
}

}  // namespace tallybell
