// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// A fault inside a text that a person wrote, as a Status that knows the byte where it lies.
#ifndef TALLYBELL_RULES_TEXT_FAULT_H_
#define TALLYBELL_RULES_TEXT_FAULT_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tallybell {

// InvalidArgument: `message` about byte `offset` of the text, and what to do instead if known.
absl::Status TextFault(size_t offset, absl::string_view message, absl::string_view advice = "");

// The same fault, seen from a text in which the faulty one begins at byte `base`.
absl::Status MoveTextFault(const absl::Status& fault, size_t base);

// What TextFault was given; 0 and "" for any other status.
size_t TextFaultOffset(const absl::Status& fault);
std::string TextFaultAdvice(const absl::Status& fault);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_TEXT_FAULT_H_
