// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The place in a program's source that wrote a line: zp/main.go:27.
#ifndef TALLYBELL_ENGINE_PARSE_CALLER_H_
#define TALLYBELL_ENGINE_PARSE_CALLER_H_

#include "absl/strings/string_view.h"
#include "engine/model/record.h"

namespace tallybell {

// Whether `text` is a file, a colon and the number of a line. Thread-safe.
bool IsCaller(absl::string_view text);

// Adds the fields `caller`, `file` (without its directories) and `line`; the latter two only if it is
// one.
void AddCaller(absl::string_view caller, Fields* fields);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_CALLER_H_
