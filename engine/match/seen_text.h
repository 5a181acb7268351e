// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MATCH_SEEN_TEXT_H_
#define TALLYBELL_ENGINE_MATCH_SEEN_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "engine/scan/envelope_literals.h"

namespace tallybell {

// Appends to `*out` what patterns see of `line`, which is no piece of a longer one: without its
// envelope where that writes the text in another way, without colours, with its escapes decoded.
// What the text has at its ends that is taken off may still be there. `*scratch` is overwritten.
// Takes linear time. Thread-safe.
void AppendSeenText(ScanEnvelope envelope, absl::string_view line, std::string* scratch,
                    std::string* out);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MATCH_SEEN_TEXT_H_
