// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The row of lines that begin with a date and time and keep to no format beyond that: log4j,
// Python's logging, java.util.logging, Apache's error log, the Anka CLI.
#ifndef TALLYBELL_ENGINE_PARSE_DATED_FORMAT_H_
#define TALLYBELL_ENGINE_PARSE_DATED_FORMAT_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// With what a date can begin: a digit, a bracket, the name of a day or of a month.
inline constexpr absl::string_view kDatedFirstBytes = "0123456789[MTWFSJAOND";

// The date may stand in brackets:
//   2015-10-18 18:01:47,978 INFO [main] ...        2024-05-01T12:00:00Z ...
//   17/06/09 20:10:40 INFO ...                      Sun Dec 04 04:47:44 2005
//   Thu Feb  3 15:32:21 main: ...                   May 02, 2022 4:48:12 PM INFO ...
//   Tue, Mar 15 2022 5:04:44 pm | ...
// The severity is the first word for one that stands early behind it, in capitals, in brackets or
// before a colon. Lines that another format reads are left to that.
void ParseDatedLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_DATED_FORMAT_H_
