// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_LITERAL_SEARCH_H_
#define TALLYBELL_RULES_LITERAL_SEARCH_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// Finds one text in others of some hundred bytes, by those two of its bytes that are likely to be
// the rarest. Immutable and thread-safe.
class LiteralSearch {
 public:
  explicit LiteralSearch(std::string text);

  const std::string& text() const { return text_; }

  // The first place in `in`, at or behind `from`, where the text stands, or npos; what
  // string_view's find says.
  size_t Find(absl::string_view in, size_t from = 0) const;

 private:
  std::string text_;
  // Places in the text; the same if it has one byte only. Both 0 if it is empty.
  size_t rarest_ = 0;
  size_t next_rarest_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_RULES_LITERAL_SEARCH_H_
