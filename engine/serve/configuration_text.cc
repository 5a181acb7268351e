// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/configuration_text.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

constexpr absl::string_view kSecret = "<secret>";

bool IsKeyChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

// Whether the value of `key` is a secret, and not the name of a file that holds one.
bool HoldsSecret(absl::string_view key) {
  const std::string name = absl::AsciiStrToLower(key);
  if (absl::EndsWith(name, "_file")) return false;
  static constexpr absl::string_view kParts[] = {"password", "secret", "token", "credentials",
                                                 "api_key"};
  return name == "key" || std::any_of(std::begin(kParts), std::end(kParts),
                                      [&](auto part) { return absl::StrContains(name, part); });
}

// Where the value that begins at `begin` ends: at a comma or bracket of its flow map, or with the
// line; a quoted one with its quote.
size_t ValueEnd(absl::string_view line, size_t begin) {
  if (begin < line.size() && (line[begin] == '"' || line[begin] == '\'')) {
    const char quote = line[begin];
    for (size_t at = begin + 1; at < line.size(); ++at) {
      if (quote == '"' && line[at] == '\\') {
        ++at;
      } else if (line[at] == quote) {
        // '' is a quote within.
        if (quote == '"' || at + 1 == line.size() || line[at + 1] != quote) return at + 1;
        ++at;
      }
    }
    return line.size();
  }
  return std::min(line.find_first_of(",}", begin), line.size());
}

// Replaces what stands between :// and @.
std::string WithoutUserInfo(absl::string_view line) {
  std::string text;
  for (;;) {
    const size_t scheme = line.find("://");
    if (scheme == absl::string_view::npos) return absl::StrCat(text, line);
    absl::StrAppend(&text, line.substr(0, scheme + 3));
    line.remove_prefix(scheme + 3);
    const size_t end = std::min(line.find_first_of("/ \t\"'"), line.size());
    const size_t at = line.substr(0, end).rfind('@');
    if (at == absl::string_view::npos) continue;
    absl::StrAppend(&text, kSecret);
    line.remove_prefix(at);
  }
}

// Replaces the values of keys in one line. `*block`: the value goes on in the lines that are
// indented deeper than this, if not npos.
std::string WithoutValues(absl::string_view line, size_t* block) {
  std::string text;
  size_t done = 0;
  for (size_t colon = line.find(':'); colon != absl::string_view::npos;
       colon = line.find(':', colon + 1)) {
    if (colon < done) continue;
    size_t key = colon;
    if (key > 0 && (line[key - 1] == '"' || line[key - 1] == '\'')) --key;
    const size_t key_end = key;
    while (key > 0 && IsKeyChar(line[key - 1])) --key;
    if (!HoldsSecret(line.substr(key, key_end - key))) continue;
    const size_t value = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
    if (value == line.size() || line[value] == '|' || line[value] == '>') {
      // A block, or a map that is not one line.
      *block = line.find_first_not_of(" \t-");
      if (value == line.size()) continue;
    }
    if (value < line.size() && line[value] == '{') continue;
    absl::StrAppend(&text, line.substr(done, value - done), kSecret);
    done = ValueEnd(line, value);
  }
  return absl::StrCat(text, line.substr(done));
}

}  // namespace

std::string WithoutSecrets(absl::string_view yaml) {
  std::string text;
  size_t block = absl::string_view::npos;
  while (!yaml.empty()) {
    const size_t newline = std::min(yaml.find('\n'), yaml.size());
    const absl::string_view line = yaml.substr(0, newline);
    const size_t indent = line.find_first_not_of(" \t");
    const bool within =
        block != absl::string_view::npos && indent != absl::string_view::npos && indent > block;
    if (within) {
      absl::StrAppend(&text, line.substr(0, indent), kSecret);
    } else {
      if (indent != absl::string_view::npos) block = absl::string_view::npos;
      absl::StrAppend(&text, WithoutUserInfo(WithoutValues(line, &block)));
    }
    if (newline < yaml.size()) text += '\n';
    yaml.remove_prefix(std::min(newline + 1, yaml.size()));
  }
  return text;
}

}  // namespace tallybell
