// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Strings as selectors, conditions and templates write them: "...", '...' with backslash escapes,
// or `...` in which every byte stands for itself.
#ifndef TALLYBELL_RULES_QUOTED_TEXT_H_
#define TALLYBELL_RULES_QUOTED_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tallybell {

// Whether a quoted string begins with `c`.
inline bool IsQuote(char c) { return c == '"' || c == '\'' || c == '`'; }

// Reads the quoted string that begins at text[*pos] and moves *pos behind it. InvalidArgument (a
// TextFault) if it does not end or has an escape other than \\ \" \' \n \r \t.
absl::StatusOr<std::string> TakeQuoted(absl::string_view text, size_t* pos);

// A fault inside the value of the quoted string text[begin, end), seen from `text`: the exact byte
// if the string has no escapes before it, else the string's beginning.
absl::Status MoveQuotedFault(const absl::Status& fault, absl::string_view text, size_t begin,
                             size_t end);

// `value` as a "..." string that TakeQuoted reads back.
std::string Quote(absl::string_view value);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_QUOTED_TEXT_H_
