// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/regex_characters.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

// What follows \x.
int32_t TakeHex(absl::string_view* text) {
  const bool braced = absl::ConsumePrefix(text, "{");
  const size_t most = braced ? 8 : 2;
  int32_t value = 0;
  size_t digits = 0;
  while (digits < most && digits < text->size() &&
         absl::ascii_isxdigit(static_cast<unsigned char>((*text)[digits]))) {
    const char c = absl::ascii_tolower(static_cast<unsigned char>((*text)[digits++]));
    value = value * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    if (value > 0x10FFFF) return kNoCharacter;
  }
  text->remove_prefix(digits);
  if (braced) return digits > 0 && absl::ConsumePrefix(text, "}") ? value : kNoCharacter;
  return digits == 2 ? value : kNoCharacter;
}

// What follows a backslash and the octal digit `first`.
int32_t TakeOctal(char first, absl::string_view* text) {
  int32_t value = first - '0';
  int more = 0;
  while (more < 2 && !text->empty() && (*text)[0] >= '0' && (*text)[0] <= '7') {
    value = value * 8 + ((*text)[0] - '0');
    text->remove_prefix(1);
    ++more;
  }
  // Without more digits, all but \0 would be a reference back, which RE2 does not have.
  return more == 0 && first != '0' ? kNoCharacter : value;
}

}  // namespace

int32_t TakeCharacter(absl::string_view* text) {
  if (text->empty()) return kNoCharacter;
  const auto first = static_cast<unsigned char>((*text)[0]);
  const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (ValidUtf8Prefix(text->substr(0, length)) != length) return kNoCharacter;
  int32_t character = length == 1 ? first : first & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) character = character << 6 | ((*text)[i] & 0x3F);
  text->remove_prefix(length);
  return character;
}

int32_t TakeEscaped(absl::string_view* text) {
  static constexpr absl::string_view kLetters = "aftnrv";
  static constexpr absl::string_view kMeanings = "\a\f\t\n\r\v";
  if (text->size() < 2) return kNoCharacter;
  const char c = (*text)[1];
  text->remove_prefix(2);
  if (c == 'x') return TakeHex(text);
  if (c >= '0' && c <= '7') return TakeOctal(c, text);
  const size_t at = kLetters.find(c);
  if (at != absl::string_view::npos) return kMeanings[at];
  return absl::ascii_ispunct(static_cast<unsigned char>(c)) || c == ' ' ? c : kNoCharacter;
}

std::string Utf8Of(int32_t character) {
  std::string text;
  if (character < 0x80) return text += static_cast<char>(character);
  const int tail_bytes = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
  // As many ones as the character has bytes.
  const int lead = 0xFF00 >> (tail_bytes + 1) & 0xFF;
  text += static_cast<char>(lead | character >> (6 * tail_bytes));
  for (int i = tail_bytes - 1; i >= 0; --i) {
    text += static_cast<char>(0x80 | (character >> (6 * i) & 0x3F));
  }
  return text;
}

}  // namespace tallybell
