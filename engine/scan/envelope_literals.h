// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What a literal looks like in a line that still wears its envelope.
#ifndef TALLYBELL_ENGINE_SCAN_ENVELOPE_LITERALS_H_
#define TALLYBELL_ENGINE_SCAN_ENVELOPE_LITERALS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "engine/scan/scan_literal.h"

namespace tallybell {

// The envelope of a source's lines, as far as a scan must know it.
enum class ScanEnvelope {
  kNone,    // nothing, or a prefix that leaves the text as it is
  kDocker,  // json-file: the text is a JSON string
  kCri,     // the text as it is, long lines in pieces
};

// The literals of which a line must hold one for its text to hold `literal`, unless it holds one
// of EscapesOf.
std::vector<ScanLiteral> LiteralsUnder(ScanEnvelope envelope, const ScanLiteral& literal);

// The escapes behind which one of `literals` could hide: \u stands for any character, \/ and \t
// for one that may also be written otherwise. Quotes and backslashes are always escaped, which
// LiteralsUnder knows; no literal of RequiredLiterals holds any other control.
std::vector<ScanLiteral> EscapesOf(ScanEnvelope envelope, const std::vector<ScanLiteral>& literals);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_ENVELOPE_LITERALS_H_
