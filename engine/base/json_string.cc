// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/json_string.h"

#include <cstdint>

#include "absl/strings/match.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

// The value of the four hex digits at the front of `text`, or -1.
int32_t HexDigits(absl::string_view text) {
  if (text.size() < 4) return -1;
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = text[i];
    const char lower = static_cast<char>(c | 0x20);
    int digit;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (lower >= 'a' && lower <= 'f') {
      digit = lower - 'a' + 10;
    } else {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

void AppendUtf8(int32_t code_point, std::string* out) {
  const auto tail = [out](int32_t bits) {
    out->push_back(static_cast<char>(0x80 | (bits & 0x3F)));
  };
  if (code_point < 0x80) {
    out->push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code_point >> 6)));
    tail(code_point);
  } else if (code_point < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | (code_point >> 12)));
    tail(code_point >> 6);
    tail(code_point);
  } else {
    out->push_back(static_cast<char>(0xF0 | (code_point >> 18)));
    tail(code_point >> 12);
    tail(code_point >> 6);
    tail(code_point);
  }
}

bool IsHighSurrogate(int32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLowSurrogate(int32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

// Takes what follows "\u" and appends what it stands for.
void TakeUnicodeEscape(absl::string_view* rest, std::string* out) {
  const int32_t unit = HexDigits(*rest);
  if (unit >= 0) rest->remove_prefix(4);
  if (IsHighSurrogate(unit) && absl::StartsWith(*rest, "\\u")) {
    const int32_t low = HexDigits(rest->substr(2));
    if (IsLowSurrogate(low)) {
      rest->remove_prefix(6);
      return AppendUtf8(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out);
    }
  }
  if (unit < 0 || IsHighSurrogate(unit) || IsLowSurrogate(unit)) {
    out->append(kReplacementCharacter.data(), kReplacementCharacter.size());
    return;
  }
  AppendUtf8(unit, out);
}

// What a backslash and `letter` stand for; NUL if they are no escape.
char MeaningOf(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

}  // namespace

void DecodeJsonString(absl::string_view raw, std::string* out) {
  out->clear();
  while (!raw.empty()) {
    const size_t backslash = raw.find('\\');
    const absl::string_view plain = raw.substr(0, backslash);
    out->append(plain.data(), plain.size());
    raw.remove_prefix(plain.size());
    if (raw.size() < 2) return;
    const char letter = raw[1];
    raw.remove_prefix(2);
    if (letter == 'u') {
      TakeUnicodeEscape(&raw, out);
    } else if (const char meaning = MeaningOf(letter); meaning != '\0') {
      out->push_back(meaning);
    } else {
      out->append(kReplacementCharacter.data(), kReplacementCharacter.size());
    }
  }
}

}  // namespace tallybell
