// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/glog_file_lines.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/parse/civil.h"

namespace tallybell {
namespace {

// Takes exactly `digits` decimal digits.
bool TakeNumber(absl::string_view* rest, size_t digits, int* value) {
  if (rest->size() < digits) return false;
  *value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (!absl::ascii_isdigit((*rest)[i])) return false;
    *value = *value * 10 + ((*rest)[i] - '0');
  }
  rest->remove_prefix(digits);
  return true;
}

// Takes a date and a time with the given separators: "2021/03/04 01:42:32" or "20210304-014232".
bool TakeStamp(absl::string_view* rest, absl::string_view in_date, absl::string_view between,
               absl::string_view in_time, Stamp* stamp) {
  int year, month, day, hour, minute, second;
  if (!TakeNumber(rest, 4, &year) || !absl::ConsumePrefix(rest, in_date) ||
      !TakeNumber(rest, 2, &month) || !absl::ConsumePrefix(rest, in_date) ||
      !TakeNumber(rest, 2, &day) || !absl::ConsumePrefix(rest, between) ||
      !TakeNumber(rest, 2, &hour) || !absl::ConsumePrefix(rest, in_time) ||
      !TakeNumber(rest, 2, &minute) || !absl::ConsumePrefix(rest, in_time) ||
      !TakeNumber(rest, 2, &second)) {
    return false;
  }
  if (year == 0 || !IsDate(year, month, day) || hour > 23 || minute > 59 || second > 60) {
    return false;
  }
  *stamp = Stamp();
  stamp->year = year;
  stamp->month = static_cast<int8_t>(month);
  stamp->day = static_cast<int8_t>(day);
  stamp->hour = static_cast<int8_t>(hour);
  stamp->minute = static_cast<int8_t>(minute);
  stamp->second = static_cast<int8_t>(second);
  return true;
}

bool TakeCreated(absl::string_view rest, Stamp* created) {
  if (!TakeStamp(&rest, "/", " ", ":", created)) return false;
  created->has_zone = absl::ConsumePrefix(&rest, " UTC");
  return rest.empty();
}

// Takes the last of the dot-separated parts.
absl::string_view TakeLastPart(absl::string_view* rest) {
  const size_t dot = rest->rfind('.');
  const absl::string_view part =
      dot == absl::string_view::npos ? absl::string_view() : rest->substr(dot + 1);
  *rest = dot == absl::string_view::npos ? absl::string_view() : rest->substr(0, dot);
  return part;
}

}  // namespace

bool ParseGlogFileLine(absl::string_view text, GlogFileLine* line) {
  using Kind = GlogFileLine::Kind;
  // Most lines are records; one character tells these apart from nearly all of them.
  if (text.empty() || absl::string_view("LRBPNC").find(text[0]) == absl::string_view::npos) {
    return false;
  }
  *line = GlogFileLine();
  const auto is = [&text, line](absl::string_view prefix, Kind kind) {
    line->kind = kind;
    return absl::ConsumePrefix(&text, prefix);
  };
  if (is("Log file created at: ", Kind::kCreated)) return TakeCreated(text, &line->created);
  if (is("Running on machine: ", Kind::kMachine)) {
    line->host = text;
    return true;
  }
  if (is("Binary: Built with ", Kind::kBinary)) return true;
  if (is("Running duration (h:mm:ss): ", Kind::kDuration)) return true;
  if (is("Previous log: ", Kind::kPreviousLog) || is("Next log: ", Kind::kNextLog)) {
    line->path = text;
    return true;
  }
  if (is("Log line format: [", Kind::kLineFormat)) {
    line->year_in_prefix = absl::StrContains(text, "]yyyymmdd ");
    return absl::StrContains(text, "threadid file:line] msg");
  }
  return is("CONTINUED IN NEXT FILE", Kind::kContinued) && text.empty();
}

bool ParseGlogFileName(absl::string_view path, GlogFileName* name) {
  *name = GlogFileName();
  absl::string_view rest = path.substr(path.rfind('/') + 1);
  name->pid = TakeLastPart(&rest);
  absl::string_view stamp = TakeLastPart(&rest);
  const absl::string_view severity = TakeLastPart(&rest);
  const absl::string_view log = TakeLastPart(&rest);
  name->user = TakeLastPart(&rest);
  name->host = TakeLastPart(&rest);
  name->program = rest;
  for (const char c : name->pid) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  for (const absl::string_view word : {"INFO", "WARNING", "ERROR", "FATAL"}) {
    if (severity == word) name->severity = SeverityFromWord(word);
  }
  return !name->pid.empty() && log == "log" && !name->user.empty() && !name->host.empty() &&
         !name->program.empty() && name->severity != Severity::kUnknown &&
         TakeStamp(&stamp, "", "-", "", &name->created) && stamp.empty();
}

}  // namespace tallybell
