// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/syslog_header.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/parse/civil.h"
#include "engine/parse/date_stamp.h"
#include "engine/parse/month_name.h"

namespace tallybell {
namespace {

// Names are short; no line without a header is read much farther.
constexpr size_t kLongestName = 255;

// Takes one to `most` digits.
bool TakeNumber(absl::string_view* rest, size_t most, int* number) {
  size_t digits = 0;
  *number = 0;
  while (digits < most && digits < rest->size() &&
         absl::ascii_isdigit(static_cast<unsigned char>((*rest)[digits]))) {
    *number = *number * 10 + ((*rest)[digits++] - '0');
  }
  rest->remove_prefix(digits);
  return digits > 0;
}

// Takes a word and the one space behind it.
bool TakeWord(absl::string_view* rest, absl::string_view* word) {
  const size_t space = rest->substr(0, kLongestName + 1).find(' ');
  if (space == absl::string_view::npos || space == 0) return false;
  *word = rest->substr(0, space);
  rest->remove_prefix(space + 1);
  return true;
}

// Takes "<34>"; its lowest three bits are the severity.
bool TakePriority(absl::string_view* rest, Severity* severity) {
  constexpr int kMost = 191;
  static constexpr Severity kSeverities[] = {Severity::kFatal, Severity::kFatal,   Severity::kFatal,
                                             Severity::kError, Severity::kWarning, Severity::kInfo,
                                             Severity::kInfo,  Severity::kDebug};
  int priority = 0;
  if (!absl::ConsumePrefix(rest, "<") || !TakeNumber(rest, 3, &priority) || priority > kMost ||
      !absl::ConsumePrefix(rest, ">")) {
    return false;
  }
  *severity = kSeverities[priority & 7];
  return true;
}

bool TakeTimeOfDay(absl::string_view* rest, Stamp* stamp) {
  // Read as a full date of any day.
  constexpr size_t kLongest = 8 + 10;  // 12:32:30.426698123
  constexpr absl::string_view kDay = "2000-01-01T";
  char text[kDay.size() + kLongest];
  const absl::string_view time = rest->substr(0, std::min(rest->find(' '), kLongest));
  std::copy(kDay.begin(), kDay.end(), text);
  std::copy(time.begin(), time.end(), text + kDay.size());
  const size_t size = kDay.size() + time.size();
  if (ParseDateStamp(absl::string_view(text, size), stamp) != size || stamp->has_zone) return false;
  rest->remove_prefix(time.size());
  return absl::ConsumePrefix(rest, " ");
}

// Takes "May 26 06:59:12 " or "2026-11-21T07:57:48+0000 ".
bool TakeStamp(absl::string_view* rest, Stamp* stamp) {
  constexpr size_t kShortestDate = 20;
  if (rest->size() > kShortestDate && (*rest)[4] == '-' && (*rest)[10] == 'T') {
    const size_t size = ParseDateStamp(*rest, stamp);
    if (size == 0 || !stamp->has_zone) return false;
    rest->remove_prefix(size);
    return absl::ConsumePrefix(rest, " ");
  }
  constexpr size_t kLongestMonth = 8;
  absl::string_view name;
  if (rest->substr(0, kLongestMonth + 1).find(' ') == absl::string_view::npos ||
      !TakeWord(rest, &name)) {
    return false;
  }
  absl::ConsumePrefix(rest, " ");
  constexpr int kSomeLeapYear = 2000;
  int day = 0;
  const int month = MonthFromName(name);
  if (month == 0 || !TakeNumber(rest, 2, &day) || !IsDate(kSomeLeapYear, month, day) ||
      !absl::ConsumePrefix(rest, " ") || !TakeTimeOfDay(rest, stamp)) {
    return false;
  }
  stamp->year = 0;
  stamp->month = static_cast<int8_t>(month);
  stamp->day = static_cast<int8_t>(day);
  return true;
}

// Takes what macOS puts between the process and the colon: " (com.veertu.agent) <Error>".
void TakeLabelAndLevel(absl::string_view* rest, Severity* severity) {
  absl::string_view after = *rest;
  if (absl::ConsumePrefix(&after, " (")) {
    const size_t end = after.substr(0, kLongestName).find(')');
    if (end == absl::string_view::npos) return;
    after.remove_prefix(end + 1);
  }
  if (absl::ConsumePrefix(&after, " <")) {
    const size_t end = after.substr(0, kLongestName).find('>');
    if (end == absl::string_view::npos) return;
    *severity = SeverityFromWord(after.substr(0, end));
    after.remove_prefix(end + 1);
  }
  if (absl::StartsWith(after, ":")) *rest = after;
}

// Takes "etcd[95994]: " or "su: ".
bool TakeProcess(absl::string_view* rest, SyslogHeader* header) {
  const size_t end = rest->substr(0, kLongestName).find_first_of(":[ ");
  if (end == absl::string_view::npos || end == 0 || (*rest)[end] == ' ') return false;
  header->ident = rest->substr(0, end);
  rest->remove_prefix(end);
  if (absl::ConsumePrefix(rest, "[")) {
    const size_t bracket = rest->substr(0, kLongestName).find_first_of("] ");
    if (bracket == absl::string_view::npos || bracket == 0 || (*rest)[bracket] == ' ') return false;
    header->pid = rest->substr(0, bracket);
    rest->remove_prefix(bracket + 1);
    TakeLabelAndLevel(rest, &header->severity);
  }
  return absl::ConsumePrefix(rest, ":") && (rest->empty() || absl::ConsumePrefix(rest, " "));
}

// Takes the structured data of RFC 5424, - or [id key="value"]..., which nobody asks for.
bool TakeStructuredData(absl::string_view* rest) {
  if (absl::ConsumePrefix(rest, "-")) return true;
  if (!absl::StartsWith(*rest, "[")) return false;
  while (absl::ConsumePrefix(rest, "[")) {
    size_t at = 0;
    for (bool quoted = false; at < rest->size() && (quoted || (*rest)[at] != ']'); ++at) {
      if ((*rest)[at] == '"') quoted = !quoted;
      if (quoted && (*rest)[at] == '\\') ++at;
    }
    if (at >= rest->size()) return false;
    rest->remove_prefix(at + 1);
  }
  return true;
}

// Takes what follows "<34>1 " in RFC 5424. A `-` stands for what is not known.
bool TakeRfc5424(absl::string_view* rest, SyslogHeader* header) {
  absl::string_view time, message_id;
  if (!TakeWord(rest, &time) || !TakeWord(rest, &header->host) || !TakeWord(rest, &header->ident) ||
      !TakeWord(rest, &header->pid) || !TakeWord(rest, &message_id) || !TakeStructuredData(rest)) {
    return false;
  }
  if (time != "-") {
    Stamp stamp;
    if (ParseDateStamp(time, &stamp) != time.size()) return false;
    header->stamp = stamp;
  }
  for (absl::string_view* name : {&header->host, &header->ident, &header->pid}) {
    if (*name == "-") *name = absl::string_view();
  }
  if (!rest->empty() && !absl::ConsumePrefix(rest, " ")) return false;
  absl::ConsumePrefix(rest, "\xEF\xBB\xBF");
  return true;
}

}  // namespace

bool ParseSyslogHeader(absl::string_view text, SyslogHeader* header) {
  *header = SyslogHeader();
  absl::string_view rest = text;
  if (absl::StartsWith(rest, "<") && !TakePriority(&rest, &header->severity)) return false;
  const bool has_priority = rest.size() < text.size();
  if (has_priority && absl::ConsumePrefix(&rest, "1 ")) {
    if (!TakeRfc5424(&rest, header)) return false;
  } else {
    Stamp stamp;
    if (!TakeStamp(&rest, &stamp) || !TakeWord(&rest, &header->host) ||
        absl::EndsWith(header->host, ":") || !TakeProcess(&rest, header)) {
      return false;
    }
    header->stamp = stamp;
  }
  header->message_offset = text.size() - rest.size();
  return true;
}

}  // namespace tallybell
