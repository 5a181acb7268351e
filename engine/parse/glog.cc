// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/glog.h"

#include <cstdint>
#include <cstring>

#include "engine/parse/civil.h"

namespace tallybell {
namespace {

// Eight characters at a time, as a word whose lowest byte is the first character.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read first character lowest");

constexpr uint64_t kHighBits = 0x8080808080808080u;

constexpr uint64_t Repeat(uint8_t byte) { return 0x0101010101010101u * byte; }

constexpr uint64_t Word(const char (&text)[9]) {
  uint64_t word = 0;
  for (int i = 7; i >= 0; --i) word = word << 8 | static_cast<uint8_t>(text[i]);
  return word;
}

uint64_t Load8(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

uint32_t Load4(const char* p) {
  uint32_t word;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Compares a word with a template in which '0' stands for any digit: `difference` is their XOR, and
// `limits` has 0x76 (9 passes, 10 does not) where a digit may stand, else 0x7F (only 0 passes).
bool Fits(uint64_t difference, uint64_t limits) {
  return (((difference + limits) | difference) & kHighBits) == 0;
}

// 0x76 where `text` has '0', else 0x7F.
constexpr uint64_t Limits(const char (&text)[9]) {
  uint64_t limits = 0;
  for (int i = 7; i >= 0; --i) limits = limits << 8 | (text[i] == '0' ? 0x76u : 0x7Fu);
  return limits;
}

// Of a word whose digits are already numbers, in each byte the number that it states together with
// the one behind it: 99 at most.
constexpr uint64_t Pairs(uint64_t digits) { return digits * 10 + (digits >> 8); }

constexpr int ByteOf(uint64_t word, int at) { return static_cast<int>(word >> (8 * at) & 0xFF); }

// The limit of one byte.
constexpr uint64_t AtMost(int at, uint8_t most) { return uint64_t{0x7Fu - most} << (8 * at); }

// Whether a byte of `pairs` is above its limit; `limits` is a sum of AtMost.
bool Above(uint64_t pairs, uint64_t limits) { return ((pairs + limits) & kHighBits) != 0; }

Severity SeverityOf(char letter) {
  switch (letter) {
    case 'I':
      return Severity::kInfo;
    case 'W':
      return Severity::kWarning;
    case 'E':
      return Severity::kError;
    case 'F':
    case 'C':
      return Severity::kFatal;
    default:
      return Severity::kUnknown;
  }
}

// Takes "1121 " or "20261121 ", up to and with the space.
const char* TakeDate(const char* p, Stamp* stamp) {
  constexpr uint32_t kFourLimits = 0x76767676u;
  const uint32_t month_day = Load4(p) ^ 0x30303030u;
  if ((((month_day + kFourLimits) | month_day) & 0x80808080u) != 0) return nullptr;
  uint64_t pairs = Pairs(month_day);
  int year = 0;
  p += 4;
  if (*p != ' ') {
    const uint32_t second_half = Load4(p) ^ 0x30303030u;
    if ((((second_half + kFourLimits) | second_half) & 0x80808080u) != 0) return nullptr;
    year = ByteOf(pairs, 0) * 100 + ByteOf(pairs, 2);
    pairs = Pairs(second_half);
    p += 4;
    if (*p != ' ' || year == 0) return nullptr;
  }
  const int month = ByteOf(pairs, 0);
  const int day = ByteOf(pairs, 2);
  constexpr int kSomeLeapYear = 2000;
  if (!IsDate(year == 0 ? kSomeLeapYear : year, month, day)) return nullptr;
  stamp->year = year;
  stamp->month = static_cast<int8_t>(month);
  stamp->day = static_cast<int8_t>(day);
  return p + 1;
}

// Takes "12:32:30".
const char* TakeTimeOfDay(const char* p, Stamp* stamp) {
  constexpr char kShape[] = "00:00:00";
  const uint64_t digits = Load8(p) ^ Word(kShape);
  if (!Fits(digits, Limits(kShape))) return nullptr;
  const uint64_t pairs = Pairs(digits);
  if (Above(pairs, AtMost(0, 23) | AtMost(3, 59) | AtMost(6, 60))) return nullptr;
  stamp->hour = static_cast<int8_t>(ByteOf(pairs, 0));
  stamp->minute = static_cast<int8_t>(ByteOf(pairs, 3));
  stamp->second = static_cast<int8_t>(ByteOf(pairs, 6));
  return p + 8;
}

// Takes a fraction that is not six digits and a space: ".4266Z " (capnslog's glog formatter does
// not pad the microseconds) or ".219600]" (klog's test output).
const char* TakeOddFraction(const char* p, const char* end, Stamp* stamp) {
  if (p == end || *p != '.') return nullptr;
  ++p;
  int micros = 0;
  int count = 0;
  for (; p < end && count < 6 && IsDigit(*p); ++p, ++count) micros = micros * 10 + (*p - '0');
  if (count == 0 || p == end) return nullptr;
  stamp->nanos = micros * static_cast<int32_t>(kMicrosecond);
  if (*p == 'Z') {
    stamp->has_zone = true;
    return p + 1;
  }
  return count == 6 && *p == ']' ? p : nullptr;
}

// Takes ".426698" and leaves the space behind it, of which the caller has made sure that it fits.
const char* TakeFraction(const char* p, const char* end, Stamp* stamp) {
  constexpr char kShape[] = ".000000 ";
  const uint64_t digits = Load8(p) ^ Word(kShape);
  if (!Fits(digits, Limits(kShape))) return TakeOddFraction(p, end, stamp);
  const uint64_t pairs = Pairs(digits);
  stamp->nanos = (ByteOf(pairs, 1) * 10'000 + ByteOf(pairs, 3) * 100 + ByteOf(pairs, 5)) *
                 static_cast<int32_t>(kMicrosecond);
  return p + 7;
}

// How many of the characters at the front of [p, end) are spaces, or are digits.
size_t CountSpaces(const char* p, const char* end) {
  if (end - p >= 8) {
    const uint64_t others = Load8(p) ^ Repeat(' ');
    if (others != 0) return __builtin_ctzll(others) / 8;
  }
  const char* from = p;
  while (p < end && *p == ' ') ++p;
  return p - from;
}

size_t CountDigits(const char* p, const char* end) {
  if (end - p >= 8) {
    const uint64_t numbers = Load8(p) ^ Repeat('0');
    // The lowest byte that is marked is right; a carry can only spoil those above it.
    const uint64_t others = ((numbers + Repeat(0x76)) | numbers) & kHighBits;
    if (others != 0) return __builtin_ctzll(others) / 8;
  }
  const char* from = p;
  while (p < end && IsDigit(*p)) ++p;
  return p - from;
}

// The first ':' or ']' of [p, end), or `end`.
const char* FindColonOrBracket(const char* p, const char* end) {
  for (; end - p >= 8; p += 8) {
    const uint64_t word = Load8(p);
    const uint64_t colons = word ^ Repeat(':');
    const uint64_t brackets = word ^ Repeat(']');
    const uint64_t found =
        (((colons - Repeat(1)) & ~colons) | ((brackets - Repeat(1)) & ~brackets)) & kHighBits;
    if (found != 0) return p + __builtin_ctzll(found) / 8;
  }
  while (p < end && *p != ':' && *p != ']') ++p;
  return p;
}

// Takes "     341 controller.go:114" and leaves the bracket behind it.
const char* TakeOrigin(const char* p, const char* end, GlogHeader* header) {
  const size_t spaces = CountSpaces(p, end);
  if (spaces == 0) return nullptr;
  p += spaces;
  const size_t thread_digits = CountDigits(p, end);
  header->thread = absl::string_view(p, thread_digits);
  p += thread_digits;
  if (thread_digits == 0 || p == end || *p != ' ') return nullptr;
  ++p;
  const char* const colon = FindColonOrBracket(p, end);
  if (colon == p || colon == end || *colon != ':') return nullptr;
  const size_t line_digits = CountDigits(colon + 1, end);
  const char* const bracket = colon + 1 + line_digits;
  if (line_digits == 0 || bracket == end || *bracket != ']') return nullptr;
  header->file = absl::string_view(p, colon - p);
  header->line = absl::string_view(colon + 1, line_digits);
  header->caller = absl::string_view(p, bracket - p);
  return bracket;
}

}  // namespace

bool ParseGlog(absl::string_view text, Stamp* stamp, GlogHeader* header) {
  // "I1121 08:01:26.219600]" and "I1121 08:01:26.1Z 1 f:1]" are the shortest. With an eight-digit
  // date the first of them has 26 characters, so that every word read below lies within the line.
  constexpr size_t kShortest = 22;
  constexpr size_t kShortestWithYear = 26;
  if (text.size() < kShortest) return false;
  const char* p = text.data();
  const char* const end = p + text.size();
  header->severity = SeverityOf(*p);
  if (header->severity == Severity::kUnknown) return false;
  if ((p = TakeDate(p + 1, stamp)) == nullptr) return false;
  if (stamp->year != 0 && text.size() < kShortestWithYear) return false;
  if ((p = TakeTimeOfDay(p, stamp)) == nullptr) return false;
  if ((p = TakeFraction(p, end, stamp)) == nullptr) return false;
  if (p == end) return false;
  if (*p != ']' && (p = TakeOrigin(p, end, header)) == nullptr) return false;
  ++p;
  if (p < end && *p == ' ') ++p;
  header->message_offset = p - text.data();
  return true;
}

}  // namespace tallybell
