// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The row of Go's standard log package in the table of formats:
//   2022/04/25 16:22:44 http: panic serving 10.254.55.5:43736: runtime error: nil pointer
//   WARNING: 2026/11/21 07:57:40 [core] grpc: addrConn.createTransport failed
//   raft2026/11/21 07:57:29 INFO: 69b38ac7138de88d became leader at term 2
// The severity is the word before or after the stamp, `INFO: ` or `[info] `; a handler's panic is
// an error. A panic of the program itself, `panic: ` or `fatal error: `, is a record without a
// stamp. Fields: message, and caller, file and line where they are printed.
#ifndef TALLYBELL_ENGINE_PARSE_GO_LOG_FORMAT_H_
#define TALLYBELL_ENGINE_PARSE_GO_LOG_FORMAT_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

inline constexpr absl::string_view kGoLogFirstBytes = "0123456789ACDEFINPTWfpr";

void ParseGoLogLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_GO_LOG_FORMAT_H_
