// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What patterns see of a line.
#ifndef TALLYBELL_ENGINE_FRAME_LINE_TEXT_H_
#define TALLYBELL_ENGINE_FRAME_LINE_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// Cleans `line`, one line without its newline and envelope:
// - NUL bytes at its front go (a file that was truncated under its writer begins with them), and a
//   byte order mark if it is the first line of its file;
// - one carriage return at its end goes;
// - terminal control sequences go: colours, titles, links, character sets. One that does not end
//   within the line stays, so that nothing can hide what follows it;
// - each byte that is not valid UTF-8 becomes U+FFFD.
//
// Returns a view of `line` when nothing within it is to be cleaned, which costs one fast pass and
// no allocation; else a view of `*scratch`. `line` must not lie in `*scratch`. Takes linear time.
// Thread-safe.
absl::string_view LineText(absl::string_view line, bool first_of_file, std::string* scratch);

// The same for a line of which it is known that no byte of it is NUL, ESC or not ASCII.
inline absl::string_view PlainLineText(absl::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// Appends the same to `*out`, but for what goes from its ends: that stays.
void AppendLineText(absl::string_view line, std::string* out);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_FRAME_LINE_TEXT_H_
