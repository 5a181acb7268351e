// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What a line must hold for a pattern to have a chance: the step from a regex, which is slow to
// try on every line, to literals, which are found in whole blocks at the speed of memory.
#ifndef TALLYBELL_ENGINE_SCAN_REQUIRED_LITERALS_H_
#define TALLYBELL_ENGINE_SCAN_REQUIRED_LITERALS_H_

#include <cstddef>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/scan/scan_literal.h"

namespace tallybell {

// Bytes of a literal: shorter ones are in every line, longer ones find nothing more.
inline constexpr size_t kMinLiteralBytes = 2;
inline constexpr size_t kMaxRequiredBytes = 32;

// A set of literals of which every match of the RE2 regex holds at least one; empty if there is
// none of use. Sorted, none within another. Conservative: what is not understood ends a literal.
// A literal never holds what a line's text may show otherwise than its bytes do: line ends and
// other controls but tab, U+FFFD, and, where case is ignored, what RE2 folds to or from other
// than ASCII letters.
//
//   RequiredLiterals("(failed|unable) to start vm [0-9a-f-]+", false);
//       // {"failed to start vm ", "unable to start vm "}
std::vector<ScanLiteral> RequiredLiterals(absl::string_view regex, bool ignore_case);

// The same for a pattern that is itself a literal: its best piece, or nothing.
std::vector<ScanLiteral> RequiredLiteralsOfText(absl::string_view text, bool ignore_case);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_REQUIRED_LITERALS_H_
