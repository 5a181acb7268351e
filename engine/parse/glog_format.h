// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The row of glog and klog in the table of formats. Fields: file, line, thread, caller, message; of
// a structured message the pairs that are wanted, and the message as it was before it was quoted.
#ifndef TALLYBELL_ENGINE_PARSE_GLOG_FORMAT_H_
#define TALLYBELL_ENGINE_PARSE_GLOG_FORMAT_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// The letters of the severities, and what the lines of the file itself begin with.
inline constexpr absl::string_view kGlogFirstBytes = "IWEFCLRBPN";

void ParseGlogLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_GLOG_FORMAT_H_
