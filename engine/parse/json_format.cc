// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/json_format.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/base/json_string.h"
#include "engine/base/time_ns.h"
#include "engine/parse/date_stamp.h"
#include "engine/parse/json_fields.h"
#include "engine/parse/json_line.h"

namespace tallybell {
namespace {

enum class Meaning { kNone, kTime, kSeverity };

Meaning MeaningOf(absl::string_view key) {
  const auto is = [key](absl::string_view name) {
    return absl::ascii_tolower(static_cast<unsigned char>(key[0])) == name[0] &&
           absl::EqualsIgnoreCase(key, name);
  };
  switch (key.size()) {
    case 1:
      return is("t") ? Meaning::kTime : Meaning::kNone;
    case 2:
      return is("ts") ? Meaning::kTime : Meaning::kNone;
    case 3:
      return is("lvl") ? Meaning::kSeverity : Meaning::kNone;
    case 4:
      return is("time") || is("date") ? Meaning::kTime : Meaning::kNone;
    case 5:
      return is("level") ? Meaning::kSeverity : Meaning::kNone;
    case 8:
      if (is("datetime")) return Meaning::kTime;
      return is("severity") || is("loglevel") ? Meaning::kSeverity : Meaning::kNone;
    case 9:
      if (is("timestamp") || is("eventTime")) return Meaning::kTime;
      return is("log_level") || is("log.level") || is("levelname") ? Meaning::kSeverity
                                                                   : Meaning::kNone;
    case 10:
      return is("@timestamp") ? Meaning::kTime : Meaning::kNone;
    default:
      return Meaning::kNone;
  }
}

// What a string says, decoded into `*scratch` where it has escapes.
absl::string_view Decoded(absl::string_view raw, bool has_escapes, std::string* scratch) {
  if (!has_escapes) return raw;
  DecodeJsonString(raw, scratch);
  return *scratch;
}

// A number that is a time and not a duration: not before 1973.
bool ReadEpoch(absl::string_view number, Stamp* stamp) {
  constexpr TimeNs kOldest = 100'000'000 * kSecond;
  Stamp read;
  if (!ParseEpochStamp(number, &read) || read.instant < kOldest) return false;
  *stamp = read;
  return true;
}

// Go's own print of a time, of which ParseDateStamp has read the first `size` bytes:
//   2022-05-12 16:22:10.580581 -0400 EDT m=+2417.079147039
bool ReadGoTime(absl::string_view text, size_t size, Stamp* stamp) {
  absl::string_view rest = text.substr(size);
  const size_t monotonic = rest.find(" m=");
  if (monotonic != absl::string_view::npos) {
    const absl::string_view reading = rest.substr(monotonic + 3);
    if (reading.find_first_not_of("+-.0123456789") != absl::string_view::npos) return false;
    rest = rest.substr(0, monotonic);
  }
  if (rest.empty()) return true;
  if (stamp->has_zone || !absl::ConsumePrefix(&rest, " ")) return false;
  constexpr size_t kOffset = 5;
  std::string together(text.substr(0, size));
  together.append(rest.data(), rest.substr(0, kOffset).size());
  if (ParseDateStamp(together, stamp) != size + kOffset) return false;
  rest.remove_prefix(kOffset);
  // The name of the zone: letters, or the offset again.
  return rest.empty() || (rest[0] == ' ' && rest.find(' ', 1) == absl::string_view::npos);
}

// If it is none, `*stamp` is of no use.
bool ReadTime(absl::string_view text, Stamp* stamp) {
  const size_t size = ParseDateStamp(text, stamp);
  if (size == 0) return ReadEpoch(text, stamp);
  return size == text.size() || ReadGoTime(text, size, stamp);
}

void TakeTime(const JsonMember& member, ParsedLine* line) {
  Stamp* const stamp = &line->stamp.emplace();
  std::string scratch;
  const bool read =
      member.IsString()
          ? ReadTime(Decoded(member.Unquoted(), member.value_has_escapes, &scratch), stamp)
          : ReadEpoch(member.value, stamp);
  if (!read) line->stamp.reset();
}

// slog writes levels between its own as INFO+2.
Severity SeverityFromText(absl::string_view text) {
  const Severity severity = SeverityFromWord(text);
  if (severity != Severity::kUnknown) return severity;
  return SeverityFromWord(absl::StripAsciiWhitespace(text.substr(0, text.find_first_of("+-"))));
}

// pino and bunyan write tens: 10 is trace, 20 debug, 60 fatal. What lies between is the lower one.
Severity SeverityFromNumber(absl::string_view number) {
  if (number.size() != 2 || !absl::ascii_isdigit(static_cast<unsigned char>(number[1]))) {
    return Severity::kUnknown;
  }
  switch (number[0]) {
    case '1':
    case '2':
      return Severity::kDebug;
    case '3':
      return Severity::kInfo;
    case '4':
      return Severity::kWarning;
    case '5':
      return Severity::kError;
    case '6':
      return Severity::kFatal;
    default:
      return Severity::kUnknown;
  }
}

void TakeSeverity(const JsonMember& member, ParsedLine* line) {
  std::string scratch;
  line->severity =
      member.IsString()
          ? SeverityFromText(Decoded(member.Unquoted(), member.value_has_escapes, &scratch))
          : SeverityFromNumber(member.value);
}

void TakeMember(const JsonMember& member, ParsedLine* line) {
  std::string scratch;
  const absl::string_view key = Decoded(member.key, member.key_has_escapes, &scratch);
  const Meaning meaning = MeaningOf(key);
  if (meaning == Meaning::kTime && !line->stamp.has_value()) {
    TakeTime(member, line);
  } else if (meaning == Meaning::kSeverity && line->severity == Severity::kUnknown) {
    TakeSeverity(member, line);
  }
}

// The Elastic Common Schema's {"log": {"level": "info"}}.
void TakeEcsSeverity(const JsonMembers& members, ParsedLine* line) {
  for (const JsonMember& member : members) {
    if (member.depth != 1 || member.key != "log" || !member.IsObject()) continue;
    JsonMembers within;
    ScanJsonLine(member.value, JsonDepth::kTop, &within);
    for (const JsonMember& inner : within) {
      if (line->severity == Severity::kUnknown && inner.key == "level") TakeSeverity(inner, line);
    }
    return;
  }
}

}  // namespace

void ParseJsonLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line) {
  if (text.empty() || text[0] != '{') return;
  line->kind = ParsedLine::Kind::kRecord;
  JsonMembers members;
  if (!ScanJsonLine(text, wanted.empty() ? JsonDepth::kTop : JsonDepth::kNested, &members)) {
    line->malformed = true;
    return;
  }
  for (const JsonMember& member : members) {
    if (member.depth == 1) TakeMember(member, line);
  }
  if (line->severity == Severity::kUnknown) TakeEcsSeverity(members, line);
  AddJsonFields(members, wanted, line);
}

}  // namespace tallybell
