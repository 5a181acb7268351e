// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/go_quoted.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

// Takes exactly `count` digits of that base.
bool TakeNumber(absl::string_view* rest, size_t count, uint32_t base, uint32_t* number) {
  if (rest->size() < count) return false;
  *number = 0;
  for (size_t i = 0; i < count; ++i) {
    const unsigned char c = static_cast<unsigned char>((*rest)[i]);
    const uint32_t digit = absl::ascii_isdigit(c)    ? c - '0'
                           : absl::ascii_isxdigit(c) ? absl::ascii_tolower(c) - 'a' + 10u
                                                     : base;
    if (digit >= base) return false;
    *number = *number * base + digit;
  }
  rest->remove_prefix(count);
  return true;
}

void AppendCodePoint(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    out->append(kReplacementCharacter.data(), kReplacementCharacter.size());
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | code >> 18));
    out->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// Takes what follows a backslash. False if that is no escape of Go's; nothing is taken then.
bool TakeEscape(absl::string_view* rest, std::string* out) {
  if (rest->empty()) return false;
  const char c = rest->front();
  constexpr absl::string_view kLetters = "abfnrtv\\\"'";
  constexpr absl::string_view kMeanings = "\a\b\f\n\r\t\v\\\"'";
  if (const size_t at = kLetters.find(c); at != absl::string_view::npos) {
    out->push_back(kMeanings[at]);
    rest->remove_prefix(1);
    return true;
  }
  uint32_t code = 0;
  absl::string_view after = rest->substr(1);
  if (c == 'x' && TakeNumber(&after, 2, 16, &code)) {
    out->push_back(static_cast<char>(code));
  } else if ((c == 'u' && TakeNumber(&after, 4, 16, &code)) ||
             (c == 'U' && TakeNumber(&after, 8, 16, &code))) {
    AppendCodePoint(code, out);
  } else if (after = *rest; TakeNumber(&after, 3, 8, &code) && code < 256) {
    out->push_back(static_cast<char>(code));
  } else {
    return false;
  }
  *rest = after;
  return true;
}

}  // namespace

size_t GoQuotedLength(absl::string_view text) {
  if (text.empty() || text[0] != '"') return 0;
  for (size_t at = 1; (at = text.find_first_of("\"\\", at)) != absl::string_view::npos; at += 2) {
    if (text[at] == '"') return at + 1;
  }
  return 0;
}

absl::string_view UnquoteGo(absl::string_view quoted, ParsedLine* line) {
  absl::string_view rest = quoted.substr(1, quoted.size() - 2);
  if (rest.find('\\') == absl::string_view::npos) return rest;
  std::string decoded;
  decoded.reserve(rest.size());
  while (!rest.empty()) {
    const size_t plain = std::min(rest.find('\\'), rest.size());
    decoded.append(rest.data(), plain);
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    rest.remove_prefix(1);
    if (!TakeEscape(&rest, &decoded)) decoded.push_back('\\');
  }
  if (ValidUtf8Prefix(decoded) == decoded.size()) return line->Keep(std::move(decoded));
  std::string valid;
  AppendValidUtf8(decoded, &valid);
  return line->Keep(std::move(valid));
}

absl::string_view WantedName(absl::string_view key, const WantedFields& wanted, ParsedLine* line) {
  const bool spelled_so = std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
  });
  if (spelled_so) return wanted.Has(key) ? key : absl::string_view();
  std::string name = FieldName(key);
  return wanted.Has(name) ? line->Keep(std::move(name)) : absl::string_view();
}

}  // namespace tallybell
