// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What klog prints of a structured message:
//   "Failed to update pod status" err="timeout" pod="foo/bar"
#ifndef TALLYBELL_ENGINE_PARSE_KLOG_PAIRS_H_
#define TALLYBELL_ENGINE_PARSE_KLOG_PAIRS_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// Adds to `*line` the fields of `message`, which is what follows a klog header: `message` as it was
// before it was quoted, and the pairs by their names, as far as they are wanted. Keys may contain
// spaces and values that are not quoted may within brackets. A pair that cannot be read, and what
// follows it, is no field. Of a value that goes on in the next lines (key=<) this is what stands on
// its own. False if the message is not structured; nothing is added then.
bool AddKlogPairs(absl::string_view message, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_KLOG_PAIRS_H_
