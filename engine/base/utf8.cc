// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/utf8.h"

#include <cstdint>
#include <cstring>

namespace tallybell {
namespace {

bool IsContinuation(unsigned char c) { return (c & 0xC0) == 0x80; }

// The length of the character at the front of [p, end), or 0 if it is not valid UTF-8.
size_t CharacterLength(const unsigned char* p, const unsigned char* end) {
  const size_t left = end - p;
  const unsigned char c = p[0];
  if (c < 0x80) return 1;
  if (c < 0xC2) return 0;
  if (c < 0xE0) return left >= 2 && IsContinuation(p[1]) ? 2 : 0;
  if (c < 0xF0) {
    if (left < 3 || !IsContinuation(p[1]) || !IsContinuation(p[2])) return 0;
    if (c == 0xE0 && p[1] < 0xA0) return 0;   // overlong
    if (c == 0xED && p[1] >= 0xA0) return 0;  // surrogates
    return 3;
  }
  if (c < 0xF5) {
    if (left < 4 || !IsContinuation(p[1]) || !IsContinuation(p[2]) || !IsContinuation(p[3])) {
      return 0;
    }
    if (c == 0xF0 && p[1] < 0x90) return 0;   // overlong
    if (c == 0xF4 && p[1] >= 0x90) return 0;  // above U+10FFFF
    return 4;
  }
  return 0;
}

// A control character, as JSON, Go and logfmt write it.
void AppendCodePoint(unsigned char c, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->append("\\u00");
  out->push_back(kHex[c >> 4]);
  out->push_back(kHex[c & 15]);
}

}  // namespace

size_t ValidUtf8Prefix(absl::string_view text) {
  const auto* const begin = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = begin + text.size();
  const unsigned char* p = begin;
  while (p < end) {
    uint64_t word;
    while (end - p >= 8 && (std::memcpy(&word, p, 8), (word & 0x8080808080808080u) == 0)) p += 8;
    if (p == end) break;
    const size_t length = CharacterLength(p, end);
    if (length == 0) break;
    p += length;
  }
  return p - begin;
}

void AppendValidUtf8(absl::string_view text, std::string* out) {
  while (!text.empty()) {
    const size_t valid = ValidUtf8Prefix(text);
    out->append(text.data(), valid);
    text.remove_prefix(valid);
    if (text.empty()) return;
    out->append(kReplacementCharacter.data(), kReplacementCharacter.size());
    text.remove_prefix(1);
  }
}

absl::string_view Utf8Truncate(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  // A character has at most three bytes after its first; more of them are not UTF-8, and any cut is
  // as good as another.
  for (size_t end = max_bytes; end + 3 >= max_bytes; --end) {
    if (!IsContinuation(static_cast<unsigned char>(text[end]))) return text.substr(0, end);
    if (end == 0) break;
  }
  return text.substr(0, max_bytes);
}

void AppendQuoted(absl::string_view text, std::string* out) {
  std::string valid;
  AppendValidUtf8(text, &valid);
  out->push_back('"');
  for (size_t i = 0; i < valid.size(); ++i) {
    const unsigned char c = valid[i];
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(valid[i]);
    } else if (c == '\n') {
      out->append("\\n");
    } else if (c == '\t') {
      out->append("\\t");
    } else if (c == '\r') {
      out->append("\\r");
    } else if (c < 0x20 || c == 0x7F) {
      AppendCodePoint(c, out);
    } else if (c == 0xC2 && static_cast<unsigned char>(valid[i + 1]) < 0xA0) {
      AppendCodePoint(static_cast<unsigned char>(valid[++i]), out);
    } else {
      out->push_back(valid[i]);
    }
  }
  out->push_back('"');
}

}  // namespace tallybell
