// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_PARSE_LOGFMT_PAIRS_H_
#define TALLYBELL_ENGINE_PARSE_LOGFMT_PAIRS_H_

#include "absl/strings/string_view.h"

namespace tallybell {

// One pair of a logfmt line, or a word that is none. The views are into the line.
struct LogfmtPair {
  absl::string_view key;    // empty if a value is all there is
  absl::string_view value;  // with its quotes; a quote that does not end takes the rest of the line
  bool has_value = false;   // an equals sign stands there
  bool quoted = false;      // `value` is of GoQuotedLength
};

// Walks the pairs of a logfmt line: key=value key="quoted value". A plain value.
class LogfmtPairs {
 public:
  explicit LogfmtPairs(absl::string_view text) : rest_(text) {}

  // The next pair, after any spaces; false at the end.
  bool Next(LogfmtPair* pair);

  // What has not been read.
  absl::string_view rest() const { return rest_; }

 private:
  absl::string_view rest_;
};

// Whether a key of logfmt may be spelled so: letters, digits and `_.-/@`, with a letter, `_` or `@`
// in front.
bool BeginsLogfmtKey(char c);
bool IsLogfmtKey(absl::string_view key);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_LOGFMT_PAIRS_H_
