// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/capnslog_format.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/parse/caller.h"
#include "engine/parse/date_stamp.h"

namespace tallybell {
namespace {

// Takes "[pkg_logger.go:148] " if that stands there.
absl::string_view TakeCaller(absl::string_view* rest) {
  if (!absl::StartsWith(*rest, "[")) return {};
  const size_t bracket = rest->find("] ");
  if (bracket == absl::string_view::npos) return {};
  const absl::string_view caller = rest->substr(1, bracket - 1);
  if (!IsCaller(caller)) return {};
  rest->remove_prefix(bracket + 2);
  return caller;
}

// Takes "etcdserver/api/v3rpc: " if that stands there.
void TakePackage(absl::string_view* rest, Fields* fields) {
  size_t end = 0;
  while (end < rest->size() && (absl::ascii_isalnum(static_cast<unsigned char>((*rest)[end])) ||
                                absl::StrContains("/_-.", (*rest)[end]))) {
    ++end;
  }
  if (end == 0 || !absl::StartsWith(rest->substr(end), ": ")) return;
  fields->Add("logger", rest->substr(0, end));
  rest->remove_prefix(end + 2);
}

}  // namespace

void ParseCapnslogLine(absl::string_view text, const WantedFields& /*wanted*/, ParsedLine* line) {
  if (absl::StartsWith(text, "[WARNING] Deprecated ")) {
    line->kind = ParsedLine::Kind::kRecord;
    line->severity = Severity::kWarning;
    absl::ConsumePrefix(&text, "[WARNING] ");
    line->fields.Add("message", text);
    return;
  }
  constexpr size_t kStampSize = 26;  // 2019-05-01 12:32:30.426698
  Stamp stamp;
  if (text.size() <= kStampSize || text[4] != '-' || text[10] != ' ' || text[19] != '.' ||
      ParseDateStamp(text.substr(0, kStampSize), &stamp) != kStampSize || stamp.has_zone) {
    return;
  }
  absl::string_view rest = text.substr(kStampSize);
  if (!absl::ConsumePrefix(&rest, " ")) return;
  const absl::string_view caller = TakeCaller(&rest);
  const absl::string_view letter = rest.substr(0, 1);
  if (letter.empty() || !absl::StrContains("CEWNIDT", letter)) return;
  rest.remove_prefix(1);
  if (rest != " |" && !absl::ConsumePrefix(&rest, " | ")) return;
  if (rest == " |") rest.remove_prefix(2);
  line->kind = ParsedLine::Kind::kRecord;
  line->severity = SeverityFromWord(letter);
  line->stamp = stamp;
  if (!caller.empty()) AddCaller(caller, &line->fields);
  TakePackage(&rest, &line->fields);
  line->fields.Add("message", rest);
}

}  // namespace tallybell
