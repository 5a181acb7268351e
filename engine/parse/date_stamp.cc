// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/date_stamp.h"

#include <algorithm>
#include <cstdint>

#include "engine/base/time_ns.h"
#include "engine/parse/civil.h"

namespace tallybell {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The number that two digits write, or more than 99 if they are none.
unsigned TwoDigits(const char* p) {
  const unsigned tens = static_cast<unsigned char>(p[0]) - unsigned{'0'};
  const unsigned ones = static_cast<unsigned char>(p[1]) - unsigned{'0'};
  return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

// How many digits stand at the front of [p, end), but no more than `most` are looked for.
int CountDigits(const char* p, const char* end, int most) {
  int count = 0;
  while (count < most && p + count < end && IsDigit(p[count])) ++count;
  return count;
}

// Takes "2024-05-01T12:32:30", which is there in full length.
bool TakeDateAndTime(const char* p, Stamp* stamp) {
  const char in_date = p[4];
  if ((in_date != '-' && in_date != '/') || p[7] != in_date) return false;
  if (p[10] != 'T' && p[10] != ' ' && p[10] != 't') return false;
  if (p[13] != ':' || p[16] != ':') return false;
  const unsigned century = TwoDigits(p);
  const unsigned year = TwoDigits(p + 2);
  const unsigned month = TwoDigits(p + 5);
  const unsigned day = TwoDigits(p + 8);
  const unsigned hour = TwoDigits(p + 11);
  const unsigned minute = TwoDigits(p + 14);
  const unsigned second = TwoDigits(p + 17);
  if (century > 99 || year > 99 || hour > 23 || minute > 59 || second > 60) return false;
  stamp->year = static_cast<int32_t>(century * 100 + year);
  if (stamp->year == 0 || !IsDate(stamp->year, static_cast<int>(month), static_cast<int>(day))) {
    return false;
  }
  stamp->month = static_cast<int8_t>(month);
  stamp->day = static_cast<int8_t>(day);
  stamp->hour = static_cast<int8_t>(hour);
  stamp->minute = static_cast<int8_t>(minute);
  stamp->second = static_cast<int8_t>(second);
  return true;
}

// Takes ".426698" or ",426" if that stands there. Returns what follows.
const char* TakeFraction(const char* p, const char* end, Stamp* stamp) {
  if (end - p < 2 || (*p != '.' && *p != ',') || !IsDigit(p[1])) return p;
  ++p;
  int32_t nanos = 0;
  int digits = 0;
  for (; p < end && IsDigit(*p); ++p) {
    if (digits == 9) continue;
    nanos = nanos * 10 + (*p - '0');
    ++digits;
  }
  for (; digits < 9; ++digits) nanos *= 10;
  stamp->nanos = nanos;
  return p;
}

// Takes "Z", "+05:30", "+0530" or "+05" if that stands there. Returns what follows.
const char* TakeZone(const char* p, const char* end, Stamp* stamp) {
  if (p == end) return p;
  if (*p == 'Z' || *p == 'z') {
    stamp->has_zone = true;
    return p + 1;
  }
  if (*p != '+' && *p != '-') return p;
  const int digits = CountDigits(p + 1, end, 5);
  if (digits != 2 && digits != 4) return p;
  const unsigned hours = TwoDigits(p + 1);
  unsigned minutes = 0;
  const char* after = p + 1 + digits;
  if (digits == 4) {
    minutes = TwoDigits(p + 3);
  } else if (after < end && *after == ':' && CountDigits(after + 1, end, 3) == 2) {
    minutes = TwoDigits(after + 1);
    after += 3;
  }
  if (hours > 23 || minutes > 59) return p;
  const int32_t seconds = static_cast<int32_t>(hours * 3600 + minutes * 60);
  stamp->has_zone = true;
  stamp->utc_offset_seconds = *p == '-' ? -seconds : seconds;
  return after;
}

// A decimal number without its sign: 0.d1d2d3… times ten to the power of `point`, the first digit
// not being 0.
struct Decimal {
  static constexpr int kDigits = 19;  // all that count in nanoseconds of an instant
  char digits[kDigits];
  int count = 0;  // 0: the number is zero
  int64_t point = 0;

  void Add(char digit) {
    if (count < kDigits) digits[count++] = digit;
  }
};

// Takes digits and a fraction. A fraction has digits on both sides of its point.
bool TakeMantissa(const char** rest, const char* end, Decimal* number) {
  const char* p = *rest;
  if (p == end || !IsDigit(*p)) return false;
  for (; p < end && IsDigit(*p); ++p) {
    if (number->count == 0 && *p == '0') continue;
    number->Add(*p);
    ++number->point;
  }
  if (p < end && *p == '.') {
    ++p;
    if (p == end || !IsDigit(*p)) return false;
    for (; p < end && IsDigit(*p); ++p) {
      if (number->count == 0 && *p == '0') {
        --number->point;
      } else {
        number->Add(*p);
      }
    }
  }
  *rest = p;
  return true;
}

// Takes "e+09", which may be of any length; what is beyond all sense is held at a bound.
bool TakeExponent(const char** rest, const char* end, Decimal* number) {
  constexpr int64_t kBound = int64_t{1} << 58;
  const char* p = *rest;
  if (p == end) return true;
  if (*p != 'e' && *p != 'E') return false;
  ++p;
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) ++p;
  if (p == end || !IsDigit(*p)) return false;
  int64_t exponent = 0;
  for (; p < end && IsDigit(*p); ++p) {
    exponent = std::min(kBound, exponent * 10 + (*p - '0'));
  }
  number->point += negative ? -exponent : exponent;
  *rest = p;
  return true;
}

}  // namespace

size_t ParseDateStamp(absl::string_view text, Stamp* stamp) {
  constexpr size_t kDateAndTime = 19;
  if (text.size() < kDateAndTime) return 0;
  const char* p = text.data();
  const char* const end = p + text.size();
  Stamp read;
  if (!TakeDateAndTime(p, &read)) return 0;
  p += kDateAndTime;
  if (p < end && IsDigit(*p)) return 0;
  p = TakeFraction(p, end, &read);
  p = TakeZone(p, end, &read);
  *stamp = read;
  return p - text.data();
}

bool ParseEpochStamp(absl::string_view number, Stamp* stamp) {
  constexpr uint64_t kYear2262 = uint64_t{9'214'646'400} * kSecond;
  const char* p = number.data();
  const char* const end = p + number.size();
  Decimal decimal;
  if (!TakeMantissa(&p, end, &decimal) || !TakeExponent(&p, end, &decimal) || p != end) {
    return false;
  }
  if (decimal.count == 0) {
    *stamp = Stamp::At(0);
    return true;
  }
  // Below 1e11 is seconds, and so on; `places` is how many digits of it make whole nanoseconds.
  const int64_t point = decimal.point;
  const int64_t places = point + (point <= 11 ? 9 : point <= 14 ? 6 : point <= 17 ? 3 : 0);
  if (places > Decimal::kDigits) return false;
  uint64_t nanos = 0;
  for (int64_t i = 0; i < places; ++i) {
    nanos = nanos * 10 + (i < decimal.count ? decimal.digits[i] - '0' : 0);
  }
  if (nanos >= kYear2262) return false;
  *stamp = Stamp::At(static_cast<TimeNs>(nanos));
  return true;
}

}  // namespace tallybell
