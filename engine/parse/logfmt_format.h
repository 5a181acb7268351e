// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The row of logfmt in the table of formats, as logrus, slog and go-kit print it:
//   time="2024-10-22T08:21:01-05:00" level=info msg="start 0a7ec9c7" logger=CMD
// A line is one if a time or a level stands among its first pairs, however odd the rest is. Fields:
// message, and every key that is wanted. What logrus prints on a terminal is read too, and has no
// time:
//   INFO[0000] start 0a7ec9c7                               logger=CMD
#ifndef TALLYBELL_ENGINE_PARSE_LOGFMT_FORMAT_H_
#define TALLYBELL_ENGINE_PARSE_LOGFMT_FORMAT_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

inline constexpr absl::string_view kLogfmtFirstBytes =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_@";

void ParseLogfmtLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_LOGFMT_FORMAT_H_
