// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SCAN_MATCH_LITERALS_H_
#define TALLYBELL_ENGINE_SCAN_MATCH_LITERALS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/scan/scan_literal.h"

namespace tallybell {

// A set of literals of which a text is known to hold one. The empty literal among them means that
// nothing is known.
using LiteralSet = std::vector<ScanLiteral>;

// The set that promises more: its shortest literal is longer; else it has fewer.
const LiteralSet& BetterSet(const LiteralSet& a, const LiteralSet& b);

// What is known of the texts that a piece of a regex matches: all of them, if they are few, or
// what they begin with, end with and hold. Sets are small whatever the regex is.
class MatchLiterals {
 public:
  static constexpr size_t kMaxProduct = 32;        // literals of a concatenation
  static constexpr size_t kMaxUnion = 256;         // literals of an alternation
  static constexpr size_t kMaxProductBytes = 128;  // of one literal

  // Matches exactly `literal`; by default nothing but the empty text.
  static MatchLiterals Exactly(ScanLiteral literal = {});
  // Matches nobody knows what.
  static MatchLiterals Anything();

  static MatchLiterals Concat(const MatchLiterals& a, const MatchLiterals& b);
  static MatchLiterals Either(const MatchLiterals& a, const MatchLiterals& b);
  // `x` at least `min` times and at most `max`; a negative `max` is no limit.
  static MatchLiterals Repeat(const MatchLiterals& x, int min, int max);

  // The most promising set of all that is known.
  LiteralSet Best() const;

 private:
  const LiteralSet& head() const { return head_; }
  const LiteralSet& tail() const { return exact_ ? head_ : tail_; }

  bool exact_ = false;
  LiteralSet head_;  // if exact, all of it
  LiteralSet tail_;
  LiteralSet inside_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_MATCH_LITERALS_H_
