// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Single characters as RE2's syntax writes them.
#ifndef TALLYBELL_ENGINE_SCAN_REGEX_CHARACTERS_H_
#define TALLYBELL_ENGINE_SCAN_REGEX_CHARACTERS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

inline constexpr int32_t kNoCharacter = -1;

// Takes one character off the front of UTF-8; kNoCharacter, and nothing taken, if there is none.
int32_t TakeCharacter(absl::string_view* text);

// Takes an escape that stands for one character (\n, \., \x41, \x{212a}, \101); kNoCharacter, and
// an undefined part of it taken, if it is not known to.
int32_t TakeEscaped(absl::string_view* text);

// `character`, a code point, in UTF-8.
std::string Utf8Of(int32_t character);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_REGEX_CHARACTERS_H_
