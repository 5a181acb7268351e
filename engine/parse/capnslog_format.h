// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The row of capnslog, as etcd up to 3.4 prints it, in the table of formats:
//   2019-05-01 12:32:30.426698 W | etcdserver: alarm NOSPACE raised by peer 69b38ac7138de88d
// with [file:line] before the letter where it was asked for. Fields: logger, caller, file, line and
// message. The same programs print one kind of line outside of it: [WARNING] Deprecated ...
#ifndef TALLYBELL_ENGINE_PARSE_CAPNSLOG_FORMAT_H_
#define TALLYBELL_ENGINE_PARSE_CAPNSLOG_FORMAT_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

inline constexpr absl::string_view kCapnslogFirstBytes = "0123456789[";

void ParseCapnslogLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_CAPNSLOG_FORMAT_H_
