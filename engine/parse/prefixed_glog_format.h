// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// A glog line behind what somebody else put before it:
//   172.24.14.137:16156 (XXX1.local) E0315 10:48:10.641811   59011 listener.go:41] ...
//   apiserver I0916 13:56:55.132842       1 clientconn.go:857] ...
// Not a row of the table: the last resort for a line that no format takes.
#ifndef TALLYBELL_ENGINE_PARSE_PREFIXED_GLOG_FORMAT_H_
#define TALLYBELL_ENGINE_PARSE_PREFIXED_GLOG_FORMAT_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// Reads such a line. The whole shape of the header must be there, at the front of a word within the
// first 120 bytes, and nothing before it that only a message has (quotes, braces). What central
// logs put there are the fields `instance` and `host`; a date with its zone completes the stamp.
// False if it is none; `*line` is then as it was.
bool ParsePrefixedGlog(absl::string_view text, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_PREFIXED_GLOG_FORMAT_H_
