// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/dated_format.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/parse/capnslog_format.h"
#include "engine/parse/civil.h"
#include "engine/parse/date_stamp.h"
#include "engine/parse/month_name.h"
#include "engine/parse/prefixed_glog_format.h"
#include "engine/parse/syslog_format.h"
#include "engine/parse/zap_console_format.h"

namespace tallybell {
namespace {

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsLetter(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)); }

// Takes one to `most` digits.
bool TakeNumber(absl::string_view* rest, size_t most, int* number) {
  size_t digits = 0;
  *number = 0;
  while (digits < most && digits < rest->size() && IsDigit((*rest)[digits])) {
    *number = *number * 10 + ((*rest)[digits++] - '0');
  }
  rest->remove_prefix(digits);
  return digits > 0;
}

// Takes three letters and, if more follow, those too.
absl::string_view TakeName(absl::string_view* rest) {
  size_t letters = 0;
  while (letters < rest->size() && letters < 10 && IsLetter((*rest)[letters])) ++letters;
  const absl::string_view name = rest->substr(0, letters);
  rest->remove_prefix(letters);
  return name;
}

bool IsDayName(absl::string_view name) {
  static constexpr absl::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  return name.size() >= 3 && std::any_of(std::begin(kDays), std::end(kDays), [name](auto day) {
           return absl::EqualsIgnoreCase(name.substr(0, 3), day);
         });
}

// Takes "4:48:12", with a fraction and PM if they are there.
bool TakeTimeOfDay(absl::string_view* rest, Stamp* stamp) {
  int hour = 0, minute = 0, second = 0;
  if (!TakeNumber(rest, 2, &hour) || !absl::ConsumePrefix(rest, ":") ||
      !TakeNumber(rest, 2, &minute) || !absl::ConsumePrefix(rest, ":") ||
      !TakeNumber(rest, 2, &second)) {
    return false;
  }
  if (rest->size() > 1 && ((*rest)[0] == '.' || (*rest)[0] == ',') && IsDigit((*rest)[1])) {
    int64_t unit = kSecond;
    rest->remove_prefix(1);
    for (; !rest->empty() && IsDigit((*rest)[0]); rest->remove_prefix(1)) {
      unit /= 10;
      stamp->nanos += static_cast<int32_t>(((*rest)[0] - '0') * unit);
    }
  }
  const absl::string_view half = rest->substr(0, 3);
  const bool pm = absl::EqualsIgnoreCase(half, " pm");
  if (pm || absl::EqualsIgnoreCase(half, " am")) {
    if (hour < 1 || hour > 12) return false;
    hour = hour % 12 + (pm ? 12 : 0);
    rest->remove_prefix(3);
  }
  if (hour > 23 || minute > 59 || second > 60) return false;
  stamp->hour = static_cast<int8_t>(hour);
  stamp->minute = static_cast<int8_t>(minute);
  stamp->second = static_cast<int8_t>(second);
  return true;
}

bool TakeYear(absl::string_view* rest, Stamp* stamp) {
  if (rest->size() < 4 || !IsDigit((*rest)[3]) || (rest->size() > 4 && IsDigit((*rest)[4]))) {
    return false;
  }
  // A number that is no year of our time is a process or a line.
  int year = 0;
  if (!TakeNumber(rest, 4, &year) || year < 1970 || year > 2199) return false;
  stamp->year = year;
  return true;
}

// Takes "Thu Feb  3 15:32:21", "Sun Dec 04 04:47:44 2005", "May 02, 2022 4:48:12 PM", "Tue, Mar 15
// 2022 5:04:44 pm". A month alone needs a year, or the line is syslog's or prose.
bool TakeNamedDate(absl::string_view* rest, Stamp* stamp) {
  absl::string_view name = TakeName(rest);
  const bool has_day_name = IsDayName(name);
  if (has_day_name) {
    absl::ConsumePrefix(rest, ",");
    if (!absl::ConsumePrefix(rest, " ")) return false;
    name = TakeName(rest);
  }
  int day = 0;
  stamp->month = static_cast<int8_t>(MonthFromName(name));
  if (stamp->month == 0 || !absl::ConsumePrefix(rest, " ")) return false;
  absl::ConsumePrefix(rest, " ");
  if (!TakeNumber(rest, 2, &day)) return false;
  stamp->day = static_cast<int8_t>(day);
  absl::ConsumePrefix(rest, ",");
  if (!absl::ConsumePrefix(rest, " ")) return false;
  const bool has_year = TakeYear(rest, stamp);
  if (has_year && !absl::ConsumePrefix(rest, " ")) return false;
  if ((!has_year && !has_day_name) || !TakeTimeOfDay(rest, stamp)) return false;
  absl::string_view behind = *rest;
  if (!has_year && absl::ConsumePrefix(&behind, " ") && TakeYear(&behind, stamp)) {
    // "2005]" ends the date; "40 (install)" does not look like a year.
    if (behind.empty() || !IsLetter(behind[0])) *rest = behind;
  }
  return IsDate(stamp->year == 0 ? 2000 : stamp->year, stamp->month, stamp->day);
}

// Takes "17/06/09 20:10:40": year, month, day, as Spark writes it.
bool TakeShortDate(absl::string_view* rest, Stamp* stamp) {
  int year = 0, month = 0, day = 0;
  if (rest->size() < 17 || (*rest)[2] != '/' || (*rest)[5] != '/' || (*rest)[8] != ' ' ||
      !TakeNumber(rest, 2, &year) || !absl::ConsumePrefix(rest, "/") ||
      !TakeNumber(rest, 2, &month) || !absl::ConsumePrefix(rest, "/") ||
      !TakeNumber(rest, 2, &day) || !absl::ConsumePrefix(rest, " ")) {
    return false;
  }
  stamp->year = 2000 + year;
  stamp->month = static_cast<int8_t>(month);
  stamp->day = static_cast<int8_t>(day);
  return IsDate(stamp->year, month, day) && TakeTimeOfDay(rest, stamp);
}

// Takes the date at the front, without brackets around it. `*needs_severity`: it says too little
// to be believed alone.
bool TakeDate(absl::string_view* rest, Stamp* stamp, bool* needs_severity) {
  *needs_severity = false;
  if (rest->empty()) return false;
  if (!IsDigit((*rest)[0])) return TakeNamedDate(rest, stamp);
  if (const size_t size = ParseDateStamp(*rest, stamp); size > 0) {
    // Dates with slashes are the Go logger's.
    if ((*rest)[4] == '/') return false;
    rest->remove_prefix(size);
    return true;
  }
  *needs_severity = true;
  return TakeShortDate(rest, stamp);
}

bool IsUpper(absl::string_view word) {
  return std::all_of(word.begin(), word.end(),
                     [](char c) { return absl::ascii_isupper(static_cast<unsigned char>(c)); });
}

// The first word for a severity among the first ones behind the date. Prose has such words too:
// those count that are in capitals, in brackets, or stand before a colon.
Severity EarlySeverity(absl::string_view rest) {
  constexpr size_t kFar = 120;  // bytes
  constexpr int kWords = 6;
  rest = rest.substr(0, kFar);
  for (int words = 0; words < kWords && !rest.empty();) {
    size_t begin = 0;
    while (begin < rest.size() && !IsLetter(rest[begin])) ++begin;
    size_t end = begin;
    while (end < rest.size() && IsLetter(rest[end])) ++end;
    if (begin == end) break;
    const absl::string_view word = rest.substr(begin, end - begin);
    const char before = begin > 0 ? rest[begin - 1] : ' ';
    const char after = end < rest.size() ? rest[end] : ' ';
    const bool alone = (before == ' ' || before == '[' || before == '<' || before == '(' ||
                        before == '|' || before == '=' || before == '-' || before == ':') &&
                       (after == ' ' || after == ']' || after == '>' || after == ')' ||
                        after == ':' || after == '|' || after == ',' || after == '-');
    const bool marked = IsUpper(word) || after == ']' || after == '>' || after == ':';
    if (alone && marked && word.size() >= 3) {
      const Severity severity = SeverityFromWord(word);
      if (severity != Severity::kUnknown) return severity;
    }
    if (after == ' ' || after == ']') ++words;
    rest.remove_prefix(end);
  }
  return Severity::kUnknown;
}

// Whether one of the formats that begin with a date, too, reads the line.
bool IsAnothers(absl::string_view text) {
  static const WantedFields kNone;
  for (const auto parse : {ParseCapnslogLine, ParseZapConsoleLine, ParseSyslogLine}) {
    ParsedLine other;
    parse(text, kNone, &other);
    if (other.kind != ParsedLine::Kind::kContinuation) return true;
  }
  ParsedLine glog;
  return ParsePrefixedGlog(text, kNone, &glog);
}

}  // namespace

void ParseDatedLine(absl::string_view text, const WantedFields& /*wanted*/, ParsedLine* line) {
  absl::string_view rest = text;
  const bool bracketed = absl::ConsumePrefix(&rest, "[");
  Stamp stamp;
  bool needs_severity = false;
  if (!TakeDate(&rest, &stamp, &needs_severity)) return;
  if (bracketed && !absl::ConsumePrefix(&rest, "]")) return;
  // A number or a word may not go on where the date ends.
  if (!rest.empty() && absl::string_view(" ,:|[]\t-").find(rest[0]) == absl::string_view::npos) {
    return;
  }
  const Severity severity = EarlySeverity(rest);
  if ((needs_severity && severity == Severity::kUnknown) || IsAnothers(text)) return;
  line->kind = ParsedLine::Kind::kRecord;
  line->stamp = stamp;
  line->severity = severity;
  while (!rest.empty() && absl::string_view(" ,:|-\t").find(rest[0]) != absl::string_view::npos) {
    rest.remove_prefix(1);
  }
  line->fields.Add("message", rest);
}

}  // namespace tallybell
