// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_PARSE_SYSLOG_HEADER_H_
#define TALLYBELL_ENGINE_PARSE_SYSLOG_HEADER_H_

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"
#include "engine/model/severity.h"
#include "engine/parse/stamp.h"

namespace tallybell {

// What a syslog line says before its message. The views are into the line.
struct SyslogHeader {
  Severity severity = Severity::kUnknown;  // of a priority, <34>, or of macOS's <Error>
  std::optional<Stamp> stamp;              // the short form has neither year nor zone
  absl::string_view host;
  absl::string_view ident;
  absl::string_view pid;  // empty if there is none
  size_t message_offset = 0;
};

// Reads the header at the very front of `text`: journalctl's short and short-iso forms, what
// syslog daemons write to files, with or without a priority, and RFC 5424. The name of the month
// may be of any MonthFromName. False if there is none; `*header` then holds nothing of use.
// Thread-safe.
bool ParseSyslogHeader(absl::string_view text, SyslogHeader* header);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_SYSLOG_HEADER_H_
