// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/syslog_format.h"

#include <optional>

#include "engine/parse/local_time.h"
#include "engine/parse/syslog_header.h"

namespace tallybell {
namespace {

// `*line` with nothing but what the header says.
void BeginLine(const SyslogHeader& header, ParsedLine* line) {
  line->Clear();
  if (!header.host.empty()) line->fields.Add("host", header.host);
  if (!header.ident.empty()) line->fields.Add("ident", header.ident);
  if (!header.pid.empty()) line->fields.Add("pid", header.pid);
}

// Reads the message as a line of another format, whose fields are added.
bool ParseMessage(absl::string_view message, const SyslogHeader& header, const WantedFields& wanted,
                  ParsedLine* line) {
  for (const LineFormat& format : AllLineFormats()) {
    if (format.parse == ParseSyslogLine || &format == &AllLineFormats().back()) continue;
    if (!format.MayBegin(message)) continue;
    format.parse(message, wanted, line);
    if (line->kind == ParsedLine::Kind::kRecord && !line->malformed) return true;
    BeginLine(header, line);
  }
  return false;
}

}  // namespace

void ParseSyslogLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line) {
  SyslogHeader header;
  if (!ParseSyslogHeader(text, &header)) return;
  BeginLine(header, line);
  const absl::string_view message = text.substr(header.message_offset);
  if (!ParseMessage(message, header, wanted, line)) line->fields.Add("message", message);
  line->kind = ParsedLine::Kind::kRecord;
  if (line->severity == Severity::kUnknown) line->severity = header.severity;
  if (!line->stamp.has_value()) {
    line->stamp = header.stamp;
  } else if (header.stamp.has_value()) {
    line->stamp = EnclosedStamp(*line->stamp, *header.stamp);
  }
}

}  // namespace tallybell
