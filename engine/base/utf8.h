// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Whether bytes are UTF-8, what stands for those that are not, and text made safe to show.
#ifndef TALLYBELL_ENGINE_BASE_UTF8_H_
#define TALLYBELL_ENGINE_BASE_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// U+FFFD in UTF-8.
inline constexpr absl::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// The length of the longest prefix of `text` that is valid UTF-8 (no surrogates, no overlong
// forms, nothing above U+10FFFF). ASCII is passed eight bytes at a time.
size_t ValidUtf8Prefix(absl::string_view text);

// Appends `text` to `*out`, each byte that is not part of valid UTF-8 as one U+FFFD.
void AppendValidUtf8(absl::string_view text, std::string* out);

// The longest prefix of at most `max_bytes` that does not end inside a character.
absl::string_view Utf8Truncate(absl::string_view text, size_t max_bytes);

// Appends `text` in double quotes as one line that no terminal takes for a command: quotes,
// backslashes and control characters (C0, DEL and C1) are escaped as JSON and Go escape them, and
// bytes that are not UTF-8 become U+FFFD.
void AppendQuoted(absl::string_view text, std::string* out);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_UTF8_H_
