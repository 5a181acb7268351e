// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The row of zap's console encoder, as etcdutl prints it, in the table of formats: columns parted
// by tabs,
//   2022-03-03T16:04:16+02:00  info  [logger]  snapshot/v3_snapshot.go:251  restored  {"path": "x"}
// The time is a date with or without a zone, or a number of seconds, ms or ns since 1970. Fields:
// logger, caller, file, line, message, and those of the JSON at the end.
#ifndef TALLYBELL_ENGINE_PARSE_ZAP_CONSOLE_FORMAT_H_
#define TALLYBELL_ENGINE_PARSE_ZAP_CONSOLE_FORMAT_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

inline constexpr absl::string_view kZapConsoleFirstBytes = "0123456789";

void ParseZapConsoleLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_ZAP_CONSOLE_FORMAT_H_
