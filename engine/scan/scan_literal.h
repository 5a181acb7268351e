// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SCAN_SCAN_LITERAL_H_
#define TALLYBELL_ENGINE_SCAN_SCAN_LITERAL_H_

#include <string>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace tallybell {

// Bytes to look for. With `ignore_case`, A-Z and a-z are the same and every other byte is itself.
struct ScanLiteral {
  std::string text;
  bool ignore_case = false;

  friend bool operator==(const ScanLiteral& a, const ScanLiteral& b) {
    return a.ignore_case == b.ignore_case && a.text == b.text;
  }
  friend bool operator<(const ScanLiteral& a, const ScanLiteral& b) {
    return std::tie(a.text, a.ignore_case) < std::tie(b.text, b.ignore_case);
  }
};

// The one spelling of `literal`: lower case where case is ignored, and case not ignored where
// there are no letters, so that equal searches compare equal.
inline ScanLiteral NormalLiteral(ScanLiteral literal) {
  if (!literal.ignore_case) return literal;
  literal.ignore_case = false;
  for (char& c : literal.text) {
    if (!absl::ascii_isalpha(static_cast<unsigned char>(c))) continue;
    c = absl::ascii_tolower(static_cast<unsigned char>(c));
    literal.ignore_case = true;
  }
  return literal;
}

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_SCAN_LITERAL_H_
