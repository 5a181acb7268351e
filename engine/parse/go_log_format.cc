// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/go_log_format.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/parse/caller.h"
#include "engine/parse/date_stamp.h"

namespace tallybell {
namespace {

constexpr size_t kLongestWord = 9;  // EMERGENCY

// Takes "WARNING: ". Unknown, and nothing is taken, if no such word stands there.
Severity TakeUpperWord(absl::string_view* rest) {
  const size_t colon = rest->substr(0, kLongestWord + 1).find(':');
  if (colon == absl::string_view::npos || colon < 3) return Severity::kUnknown;
  for (size_t i = 0; i < colon; ++i) {
    if (!absl::ascii_isupper(static_cast<unsigned char>((*rest)[i]))) return Severity::kUnknown;
  }
  const Severity severity = SeverityFromWord(rest->substr(0, colon));
  const absl::string_view after = rest->substr(colon + 1);
  if (severity == Severity::kUnknown || !absl::StartsWith(after, " ")) return Severity::kUnknown;
  *rest = after.substr(1);
  return severity;
}

// Takes "[warn] ", in any case.
Severity TakeBracketedWord(absl::string_view* rest) {
  if (!absl::StartsWith(*rest, "[")) return Severity::kUnknown;
  const size_t bracket = rest->substr(0, kLongestWord + 2).find("] ");
  if (bracket == absl::string_view::npos || bracket < 4) return Severity::kUnknown;
  const Severity severity = SeverityFromWord(rest->substr(1, bracket - 1));
  if (severity != Severity::kUnknown) rest->remove_prefix(bracket + 2);
  return severity;
}

// Takes "main.go:23: ".
void TakeCaller(absl::string_view* rest, Fields* fields) {
  constexpr size_t kLongestCaller = 512;
  const size_t end = rest->substr(0, kLongestCaller).find(": ");
  if (end == absl::string_view::npos || end == 0) return;
  const absl::string_view caller = rest->substr(0, end);
  if (!IsCaller(caller) || !absl::EndsWith(caller.substr(0, caller.rfind(':')), ".go")) return;
  AddCaller(caller, fields);
  rest->remove_prefix(end + 2);
}

bool IsPanic(absl::string_view text) {
  return absl::StartsWith(text, "panic: ") || absl::StartsWith(text, "fatal error: ");
}

// The date is written with slashes and has no zone.
bool TakeStamp(absl::string_view* rest, Stamp* stamp) {
  if (rest->size() < 19 || (*rest)[4] != '/' || (*rest)[10] != ' ') return false;
  const size_t size = ParseDateStamp(*rest, stamp);
  if (size == 0 || stamp->has_zone) return false;
  rest->remove_prefix(size);
  return rest->empty() || absl::ConsumePrefix(rest, " ");
}

}  // namespace

void ParseGoLogLine(absl::string_view text, const WantedFields& /*wanted*/, ParsedLine* line) {
  if (IsPanic(text)) {
    line->kind = ParsedLine::Kind::kRecord;
    line->severity = Severity::kFatal;
    line->fields.Add("message", text);
    return;
  }
  absl::string_view rest = text;
  Stamp stamp;
  Severity severity = TakeUpperWord(&rest);
  if (severity == Severity::kUnknown) absl::ConsumePrefix(&rest, "raft");
  if (!TakeStamp(&rest, &stamp)) return;
  line->kind = ParsedLine::Kind::kRecord;
  line->stamp = stamp;
  TakeCaller(&rest, &line->fields);
  if (severity == Severity::kUnknown) severity = TakeUpperWord(&rest);
  if (severity == Severity::kUnknown) severity = TakeBracketedWord(&rest);
  if (severity == Severity::kUnknown && absl::StartsWith(rest, "http: panic serving")) {
    severity = Severity::kError;
  }
  line->severity = severity;
  line->fields.Add("message", rest);
}

}  // namespace tallybell
