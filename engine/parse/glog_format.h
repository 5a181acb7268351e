// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The row of glog and klog in the table of formats.
#ifndef TALLYBELL_ENGINE_PARSE_GLOG_FORMAT_H_
#define TALLYBELL_ENGINE_PARSE_GLOG_FORMAT_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

void ParseGlogLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_GLOG_FORMAT_H_
