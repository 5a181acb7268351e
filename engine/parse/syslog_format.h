// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The row of syslog in the table of formats, as journalctl and syslog daemons write it:
//   May 26 06:59:12 etcd-1 etcd[95994]: failed to apply request
//   2026-11-21T07:57:48+0000 etcd-1 etcd[95994]: failed to apply request
//   <34>Oct 11 22:14:15 mymachine su: failed to become root
// What follows the colon is read once more by the other formats: severity, fields and the more
// precise stamp are theirs. Fields: host, ident, pid, message.
#ifndef TALLYBELL_ENGINE_PARSE_SYSLOG_FORMAT_H_
#define TALLYBELL_ENGINE_PARSE_SYSLOG_FORMAT_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// Digits begin dates and Japanese months; letters begin the months of the known languages.
inline constexpr absl::string_view kSyslogFirstBytes = "0123456789<ADEFGJLMNOSadefgjlmnos";

void ParseSyslogLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_SYSLOG_FORMAT_H_
