// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/json_scanner.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <cstring>

namespace tallybell {
namespace {

// Eight characters at a time, as a word whose lowest byte is the first character.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read first character lowest");

constexpr uint64_t Repeat(uint8_t byte) { return 0x0101010101010101u * byte; }

uint64_t Load8(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHexDigit(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return IsDigit(c) || (lower >= 'a' && lower <= 'f');
}

// Marks the bytes at which plain text within quotes ends: quotes, backslashes and control
// characters. The lowest mark is right; a borrow can only spoil those above it.
uint64_t EndsOfPlainText(uint64_t word) {
  const uint64_t quotes = word ^ Repeat('"');
  const uint64_t backslashes = word ^ Repeat('\\');
  const uint64_t found = ((quotes - Repeat(1)) & ~quotes) |
                         ((backslashes - Repeat(1)) & ~backslashes) |
                         ((word - Repeat(' ')) & ~word);
  return found & Repeat(0x80);
}

// Where among the sixteen characters at `p` plain text ends; 16 if it goes on behind them. Most
// strings end within them, wherever that is: nothing has to be guessed.
int EndOfPlainText16(const char* p) {
#ifdef __SSE2__
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(' ' - 1)), bytes);
  const __m128i found = _mm_or_si128(_mm_or_si128(quotes, backslashes), controls);
  return __builtin_ctz(static_cast<unsigned>(_mm_movemask_epi8(found)) | 1u << 16);
#else
  const uint64_t first = EndsOfPlainText(Load8(p));
  const uint64_t second = EndsOfPlainText(Load8(p + 8));
  if ((first | second) == 0) return 16;
  const uint64_t found = first != 0 ? first : second;
  return (first != 0 ? 0 : 8) + __builtin_ctzll(found) / 8;
#endif
}

// The first byte of [p, end) at which plain text ends, or `end`.
const char* FindEndOfPlainText(const char* p, const char* end) {
  for (; end - p >= 16; p += 16) {
    const int at = EndOfPlainText16(p);
    if (at < 16) return p + at;
  }
  if (end - p >= 8) {
    const uint64_t found = EndsOfPlainText(Load8(p));
    if (found != 0) return p + __builtin_ctzll(found) / 8;
    p += 8;
  }
  while (p < end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= ' ') ++p;
  return p;
}

}  // namespace

char JsonScanner::PeekBehindSpace() {
  while (p_ < end_ && (*p_ == ' ' || *p_ == '\t' || *p_ == '\n' || *p_ == '\r')) ++p_;
  return p_ < end_ ? *p_ : '\0';
}

bool JsonScanner::TakeString(absl::string_view* raw, bool* has_escapes) {
  if (!Take('"')) return false;
  const char* const begin = p_;
  *has_escapes = false;
  while (true) {
    p_ = FindEndOfPlainText(p_, end_);
    if (p_ == end_) return false;
    if (*p_ == '"') break;
    if (*p_ != '\\' || !SkipEscape()) return false;
    *has_escapes = true;
  }
  *raw = absl::string_view(begin, p_ - begin);
  ++p_;
  return true;
}

// Passes over a backslash and what belongs to it.
bool JsonScanner::SkipEscape() {
  if (end_ - p_ < 2) return false;
  switch (p_[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      p_ += 2;
      return true;
    case 'u':
      if (end_ - p_ < 6) return false;
      for (int i = 2; i < 6; ++i) {
        if (!IsHexDigit(p_[i])) return false;
      }
      p_ += 6;
      return true;
    default:
      return false;
  }
}

bool JsonScanner::SkipDigits() {
  if (p_ == end_ || !IsDigit(*p_)) return false;
  while (p_ < end_ && IsDigit(*p_)) ++p_;
  return true;
}

bool JsonScanner::SkipNumber() {
  if (*p_ == '-') ++p_;
  if (p_ < end_ && *p_ == '0') {
    ++p_;
  } else if (!SkipDigits()) {
    return false;
  }
  if (p_ < end_ && *p_ == '.') {
    ++p_;
    if (!SkipDigits()) return false;
  }
  if (p_ < end_ && (*p_ == 'e' || *p_ == 'E')) {
    ++p_;
    if (p_ < end_ && (*p_ == '+' || *p_ == '-')) ++p_;
    if (!SkipDigits()) return false;
  }
  return true;
}

bool JsonScanner::SkipWord(absl::string_view word) {
  if (static_cast<size_t>(end_ - p_) < word.size() ||
      std::memcmp(p_, word.data(), word.size()) != 0) {
    return false;
  }
  p_ += word.size();
  return true;
}

bool JsonScanner::SkipValue(int depth) {
  absl::string_view raw;
  bool has_escapes;
  switch (Peek()) {
    case '"':
      return TakeString(&raw, &has_escapes);
    case '{':
      return SkipObject(depth + 1);
    case '[':
      return SkipArray(depth + 1);
    case 't':
      return SkipWord("true");
    case 'f':
      return SkipWord("false");
    case 'n':
      return SkipWord("null");
    case '\0':
      return false;
    default:
      return SkipNumber();
  }
}

bool JsonScanner::SkipObject(int depth) {
  if (depth > kMaxDepth) return false;
  ++p_;
  if (Take('}')) return true;
  absl::string_view key;
  bool has_escapes;
  do {
    if (!TakeString(&key, &has_escapes) || !Take(':') || !SkipValue(depth)) return false;
  } while (Take(','));
  return Take('}');
}

bool JsonScanner::SkipArray(int depth) {
  if (depth > kMaxDepth) return false;
  ++p_;
  if (Take(']')) return true;
  do {
    if (!SkipValue(depth)) return false;
  } while (Take(','));
  return Take(']');
}

}  // namespace tallybell
