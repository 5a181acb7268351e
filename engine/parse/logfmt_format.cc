// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/logfmt_format.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/parse/caller.h"
#include "engine/parse/date_stamp.h"
#include "engine/parse/go_quoted.h"
#include "engine/parse/logfmt_pairs.h"

namespace tallybell {
namespace {

// Among so many pairs a time or a level must stand.
constexpr int kHeaderPairs = 8;

template <size_t kSize>
bool IsOneOf(absl::string_view key, const absl::string_view (&keys)[kSize]) {
  return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

constexpr absl::string_view kTimeKeys[] = {"time", "ts", "t", "timestamp", "@timestamp"};
constexpr absl::string_view kLevelKeys[] = {"level", "lvl", "severity"};
constexpr absl::string_view kMessageKeys[] = {"msg", "message"};

// Without its quotes. Nothing that is looked at here is ever written with escapes.
absl::string_view Bare(const LogfmtPair& pair) {
  return pair.quoted ? pair.value.substr(1, pair.value.size() - 2) : pair.value;
}

// A number must be a date of this age: `t=5` is none.
bool ReadTime(absl::string_view value, Stamp* stamp) {
  constexpr TimeNs kOldest = 100'000'000 * kSecond;
  Stamp read;
  const size_t size = ParseDateStamp(value, &read);
  if (size == 0 || size != value.size()) {
    if (!ParseEpochStamp(value, &read) || read.instant < kOldest) return false;
  }
  *stamp = read;
  return true;
}

// slog writes levels between its own as INFO+2.
Severity ReadLevel(absl::string_view value) {
  value = value.substr(0, value.find_first_of("+-"));
  return value.size() < 3 ? Severity::kUnknown : SeverityFromWord(value);
}

// Takes what a pair says of time and level, if it is the first to.
void ReadHeaderPair(const LogfmtPair& pair, ParsedLine* line) {
  Stamp stamp;
  if (!line->stamp.has_value() && IsOneOf(pair.key, kTimeKeys) && ReadTime(Bare(pair), &stamp)) {
    line->stamp = stamp;
  }
  if (line->severity == Severity::kUnknown && IsOneOf(pair.key, kLevelKeys)) {
    line->severity = ReadLevel(Bare(pair));
  }
}

// Whether `text` is a record: what it says of its time and severity.
bool ReadHeader(absl::string_view text, ParsedLine* line) {
  LogfmtPairs pairs(text);
  LogfmtPair pair;
  bool found = false;
  for (int i = 0; i < kHeaderPairs && pairs.Next(&pair); ++i) {
    // Until something was found it could be any text.
    if (!found && (!pair.has_value || !IsLogfmtKey(pair.key))) return false;
    ReadHeaderPair(pair, line);
    found = line->stamp.has_value() || line->severity != Severity::kUnknown;
    if (line->stamp.has_value() && line->severity != Severity::kUnknown) break;
  }
  return found;
}

void AddFields(absl::string_view text, const WantedFields& wanted, ParsedLine* line) {
  if (wanted.empty()) return;
  LogfmtPairs pairs(text);
  LogfmtPair pair;
  while (pairs.Next(&pair)) {
    if (!pair.has_value || pair.key.empty()) continue;
    const bool is_message = IsOneOf(pair.key, kMessageKeys);
    const bool is_caller = pair.key == "caller" || pair.key == "source";
    const absl::string_view name = WantedName(pair.key, wanted, line);
    const bool for_message = is_message && wanted.Has("message");
    if (name.empty() && !for_message && !is_caller) continue;
    const absl::string_view value = pair.quoted ? UnquoteGo(pair.value, line) : pair.value;
    if (for_message) line->fields.Add("message", value);
    if (is_caller && IsCaller(value)) AddCaller(value, &line->fields);
    if (!name.empty() && name != "message") line->fields.Add(name, value);
  }
}

// ---- What logrus prints on a terminal

struct TerminalLevel {
  absl::string_view word;
  Severity severity;
};

constexpr TerminalLevel kTerminalLevels[] = {
    {"INFO", Severity::kInfo},  {"WARN", Severity::kWarning}, {"ERRO", Severity::kError},
    {"FATA", Severity::kFatal}, {"PANI", Severity::kFatal},   {"DEBU", Severity::kDebug},
    {"TRAC", Severity::kDebug},
};

// Takes "INFO[0000]" or "INFO[2024-10-22T08:21:01-05:00]" and what pads it.
bool TakeTerminalHeader(absl::string_view* rest, ParsedLine* line) {
  if (rest->size() < 10 || (*rest)[4] != '[') return false;
  const absl::string_view word = rest->substr(0, 4);
  const auto* level =
      std::find_if(std::begin(kTerminalLevels), std::end(kTerminalLevels),
                   [word](const TerminalLevel& known) { return known.word == word; });
  if (level == std::end(kTerminalLevels)) return false;
  constexpr size_t kLongestStamp = 48;
  const size_t bracket = rest->substr(0, kLongestStamp).find(']');
  if (bracket == absl::string_view::npos) return false;
  const absl::string_view time = rest->substr(5, bracket - 5);
  Stamp stamp;
  if (ParseDateStamp(time, &stamp) == time.size() && !time.empty()) {
    line->stamp = stamp;
  } else if (time.size() < 4 || time.find_first_not_of("0123456789") != absl::string_view::npos) {
    return false;
  }
  rest->remove_prefix(bracket + 1);
  if (!rest->empty() && !absl::ConsumePrefix(rest, " ")) return false;
  line->severity = level->severity;
  return true;
}

// Where the pairs at the end of a terminal's line begin, which two spaces part from the message;
// its size if there are none. One walk over the line: a pair that is none makes those before it
// part of the message too.
size_t PairsBegin(absl::string_view text) {
  size_t begin = text.find("  ");
  while (begin != absl::string_view::npos) {
    LogfmtPairs pairs(text.substr(begin));
    LogfmtPair pair;
    bool good = true;
    while (good && pairs.Next(&pair)) good = pair.has_value && IsLogfmtKey(pair.key);
    if (good) return begin;
    begin = text.find("  ", text.size() - pairs.rest().size());
  }
  return text.size();
}

bool ParseTerminalLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line) {
  if (!TakeTerminalHeader(&text, line)) return false;
  line->kind = ParsedLine::Kind::kRecord;
  if (wanted.empty()) return true;
  const size_t pairs = PairsBegin(text);
  line->fields.Add("message", absl::StripTrailingAsciiWhitespace(text.substr(0, pairs)));
  AddFields(text.substr(pairs), wanted, line);
  return true;
}

}  // namespace

void ParseLogfmtLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line) {
  // A line that is indented is part of what stands above it.
  if (text.empty() || !BeginsLogfmtKey(text[0])) return;
  if (ParseTerminalLine(text, wanted, line)) return;
  if (!ReadHeader(text, line)) {
    line->Clear();
    return;
  }
  line->kind = ParsedLine::Kind::kRecord;
  AddFields(text, wanted, line);
}

}  // namespace tallybell
