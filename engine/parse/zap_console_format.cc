// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/zap_console_format.h"

#include "absl/strings/match.h"
#include "engine/parse/caller.h"
#include "engine/parse/date_stamp.h"
#include "engine/parse/json_fields.h"
#include "engine/parse/json_line.h"

namespace tallybell {
namespace {

// Takes what stands before the next tab, which must be there and is taken too.
bool TakeColumn(absl::string_view* rest, absl::string_view* column) {
  const size_t tab = rest->find('\t');
  if (tab == absl::string_view::npos) return false;
  *column = rest->substr(0, tab);
  rest->remove_prefix(tab + 1);
  return true;
}

bool ReadTime(absl::string_view column, Stamp* stamp) {
  constexpr size_t kLongest = 40;
  if (column.empty() || column.size() > kLongest) return false;
  return ParseDateStamp(column, stamp) == column.size() || ParseEpochStamp(column, stamp);
}

// Takes the columns before the message: a name, if a caller follows it, and a caller.
void TakeOrigin(absl::string_view* rest, Fields* fields) {
  absl::string_view after = *rest;
  absl::string_view first, second;
  if (!TakeColumn(&after, &first)) return;
  if (IsCaller(first)) {
    AddCaller(first, fields);
    *rest = after;
  } else if (first.find(' ') == absl::string_view::npos && TakeColumn(&after, &second) &&
             IsCaller(second)) {
    fields->Add("logger", first);
    AddCaller(second, fields);
    *rest = after;
  }
}

}  // namespace

void ParseZapConsoleLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line) {
  constexpr size_t kShortestLevel = 4;  // a letter alone is no level of zap's
  absl::string_view rest = text;
  absl::string_view time, level;
  Stamp stamp;
  // The first two columns are short; no line without them is read to its end.
  constexpr size_t kLongestFront = 64;
  if (text.substr(0, kLongestFront).find('\t') == absl::string_view::npos ||
      !TakeColumn(&rest, &time) || !TakeColumn(&rest, &level) || level.size() < kShortestLevel) {
    return;
  }
  const Severity severity = SeverityFromWord(level);
  if (severity == Severity::kUnknown || !ReadTime(time, &stamp)) return;
  line->kind = ParsedLine::Kind::kRecord;
  line->severity = severity;
  line->stamp = stamp;
  TakeOrigin(&rest, &line->fields);
  // Tabs within the JSON are escaped, those of a message are not.
  const size_t tab = rest.rfind("\t{");
  JsonMembers members;
  const bool has_json = tab != absl::string_view::npos && absl::EndsWith(rest, "}") &&
                        !wanted.empty() &&
                        ScanJsonLine(rest.substr(tab + 1), JsonDepth::kNested, &members);
  line->fields.Add("message", has_json ? rest.substr(0, tab) : rest);
  if (has_json) AddJsonFields(members, wanted, line);
}

}  // namespace tallybell
