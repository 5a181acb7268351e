// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Reads RE2's syntax as far as it takes to know which literals a match must hold.
#ifndef TALLYBELL_ENGINE_SCAN_REGEX_LITERALS_H_
#define TALLYBELL_ENGINE_SCAN_REGEX_LITERALS_H_

#include "absl/strings/string_view.h"
#include "engine/scan/match_literals.h"

namespace tallybell {

// Where case is ignored, RE2 takes U+212A (Kelvin sign) for k and U+017F (long s) for s, which a
// scan for ASCII letters would miss.
enum class FoldedLetters {
  kCut,       // the letter may be anything
  kSpellOut,  // the letter is itself or the other one
};

// What is known of the matches of `regex`, which RE2 accepts. Anything that is not understood, too
// long or too deep gives MatchLiterals::Anything.
MatchLiterals LiteralsOfRegex(absl::string_view regex, bool ignore_case, FoldedLetters folded);

// The same for text that stands for itself.
MatchLiterals LiteralsOfText(absl::string_view text, bool ignore_case, FoldedLetters folded);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_REGEX_LITERALS_H_
