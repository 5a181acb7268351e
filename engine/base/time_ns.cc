// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/time_ns.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"

namespace tallybell {
namespace {

constexpr int64_t kNanosPerSecond = kSecond;

struct Unit {
  absl::string_view name;
  DurationNs length;
};

// Descending, as Prometheus demands; a year has 365 days and a week 7 there too.
constexpr Unit kUnits[] = {
    {"y", 365 * kDay}, {"w", 7 * kDay}, {"d", kDay},          {"h", kHour},
    {"m", kMinute},    {"s", kSecond},  {"ms", kMillisecond},
};

// Reads exactly `digits` decimal digits from the front of `text`.
bool TakeNumber(absl::string_view* text, int digits, int* value) {
  if (text->size() < static_cast<size_t>(digits)) return false;
  *value = 0;
  for (int i = 0; i < digits; ++i) {
    const char c = (*text)[i];
    if (!absl::ascii_isdigit(c)) return false;
    *value = *value * 10 + (c - '0');
  }
  text->remove_prefix(digits);
  return true;
}

bool TakeChar(absl::string_view* text, absl::string_view any_of) {
  if (text->empty() || any_of.find((*text)[0]) == absl::string_view::npos) return false;
  text->remove_prefix(1);
  return true;
}

std::string FormatWithFraction(TimeNs t, int64_t unit, int digits) {
  int64_t seconds = t / kNanosPerSecond;
  int64_t nanos = t % kNanosPerSecond;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  const absl::CivilSecond civil = absl::CivilSecond(1970, 1, 1) + seconds;
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d.%0*dZ", civil.year(), civil.month(),
                         civil.day(), civil.hour(), civil.minute(), civil.second(), digits,
                         nanos / unit);
}

}  // namespace

std::string FormatRfc3339(TimeNs t) { return FormatWithFraction(t, 1, 9); }

std::string FormatRfc3339Millis(TimeNs t) { return FormatWithFraction(t, kMillisecond, 3); }

absl::StatusOr<TimeNs> ParseRfc3339(absl::string_view text) {
  const auto bad = [text] {
    return absl::InvalidArgumentError(absl::StrCat("not an RFC 3339 time: \"", text, "\""));
  };
  absl::string_view rest = text;
  int year, month, day, hour, minute, second;
  if (!TakeNumber(&rest, 4, &year) || !TakeChar(&rest, "-") || !TakeNumber(&rest, 2, &month) ||
      !TakeChar(&rest, "-") || !TakeNumber(&rest, 2, &day) || !TakeChar(&rest, "Tt ") ||
      !TakeNumber(&rest, 2, &hour) || !TakeChar(&rest, ":") || !TakeNumber(&rest, 2, &minute) ||
      !TakeChar(&rest, ":") || !TakeNumber(&rest, 2, &second)) {
    return bad();
  }
  int64_t nanos = 0;
  if (TakeChar(&rest, ".")) {
    int64_t scale = kNanosPerSecond / 10;
    size_t digits = 0;
    for (; digits < rest.size() && absl::ascii_isdigit(rest[digits]); ++digits) {
      nanos += (rest[digits] - '0') * scale;
      scale /= 10;
    }
    if (digits == 0) return bad();
    rest.remove_prefix(digits);
  }
  int64_t offset_seconds = 0;
  if (!TakeChar(&rest, "Zz")) {
    const bool east = absl::StartsWith(rest, "+");
    int offset_hours, offset_minutes;
    if (!TakeChar(&rest, "+-") || !TakeNumber(&rest, 2, &offset_hours) || !TakeChar(&rest, ":") ||
        !TakeNumber(&rest, 2, &offset_minutes) || offset_hours > 23 || offset_minutes > 59) {
      return bad();
    }
    offset_seconds = (offset_hours * 60 + offset_minutes) * 60 * (east ? 1 : -1);
  }
  // Civil time carries what is too large over to the next field, so a date that comes back changed
  // is none. A leap second is legal in RFC 3339; the next second stands for it.
  const absl::CivilDay date(year, month, day);
  if (!rest.empty() || date.month() != month || date.day() != day || hour > 23 || minute > 59 ||
      second > 60) {
    return bad();
  }
  const absl::CivilSecond civil(year, month, day, hour, minute, second);
  const int64_t seconds = (civil - absl::CivilSecond(1970, 1, 1)) - offset_seconds;
  // Wider than the result: the first second of the range is not whole.
  const __int128 result = static_cast<__int128>(seconds) * kNanosPerSecond + nanos;
  if (result <= kNoTime || result >= kNever) return bad();
  return static_cast<TimeNs>(result);
}

absl::StatusOr<DurationNs> ParseDuration(absl::string_view text) {
  const auto bad = [text](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not a duration: ", why));
  };
  if (text == "0") return 0;
  if (text.empty()) return bad("it is empty");
  absl::string_view rest = text;
  DurationNs total = 0;
  size_t next_unit = 0;
  while (!rest.empty()) {
    int64_t number = 0;
    size_t digits = 0;
    for (; digits < rest.size() && absl::ascii_isdigit(rest[digits]); ++digits) {
      if (__builtin_mul_overflow(number, int64_t{10}, &number) ||
          __builtin_add_overflow(number, int64_t{rest[digits] - '0'}, &number)) {
        return bad("too long");
      }
    }
    if (digits == 0) return bad("expected a number and a unit, like 90s, 20m or 1h30m");
    rest.remove_prefix(digits);
    size_t letters = 0;
    while (letters < rest.size() && absl::ascii_isalpha(rest[letters])) ++letters;
    const absl::string_view name = rest.substr(0, letters);
    rest.remove_prefix(letters);
    size_t unit = next_unit;
    while (unit < std::size(kUnits) && kUnits[unit].name != name) ++unit;
    if (unit == std::size(kUnits)) {
      return bad(name.empty() ? "the unit is missing (y w d h m s ms)"
                              : "units are y w d h m s ms, largest first, each once");
    }
    next_unit = unit + 1;
    DurationNs part;
    if (__builtin_mul_overflow(number, kUnits[unit].length, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return bad("too long");
    }
  }
  return total;
}

std::string FormatDuration(DurationNs d) {
  if (d < 0) return absl::StrCat("-", FormatDuration(SubtractNs(0, d)));
  std::string text;
  for (const Unit& unit : kUnits) {
    // Weeks and years read worse than days ("1w1d" against "8d"), so they are only read.
    if (unit.name == "y" || unit.name == "w") continue;
    if (d >= unit.length) {
      absl::StrAppend(&text, d / unit.length, unit.name);
      d %= unit.length;
    }
  }
  return text.empty() ? "0s" : text;
}

}  // namespace tallybell
