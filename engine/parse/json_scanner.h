// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_PARSE_JSON_SCANNER_H_
#define TALLYBELL_ENGINE_PARSE_JSON_SCANNER_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace tallybell {

// Walks along a JSON text once, from its first byte on, and checks each byte against the grammar
// (RFC 8259) while it passes. Every step is false where the text is not JSON; there is no going on
// after that. Strings may hold bytes that are not UTF-8 and surrogates that are alone: neither
// hides where a value ends. Numbers may be of any size. Allocates nothing; the text outlives it.
class JsonScanner {
 public:
  // More arrays and objects inside each other than that are taken for no JSON.
  static constexpr int kMaxDepth = 64;

  explicit JsonScanner(absl::string_view text) : p_(text.data()), end_(text.data() + text.size()) {}

  // Where it stands.
  const char* position() const { return p_; }

  // Passes over white space and says what follows, or NUL at the end of the text.
  char Peek() {
    if (p_<end_&& static_cast<unsigned char>(*p_)> ' ') return *p_;
    return PeekBehindSpace();
  }

  // Whether nothing but white space is left.
  bool AtEnd() { return Peek() == '\0' && p_ == end_; }

  // Passes over white space and then over `c`, which is not NUL.
  bool Take(char c) {
    if (Peek() != c) return false;
    ++p_;
    return true;
  }

  // Passes over white space and a string. `*raw` is what stands between its quotes.
  bool TakeString(absl::string_view* raw, bool* has_escapes);

  // Passes over white space and a value of any kind that stands within `depth` arrays and objects.
  bool SkipValue(int depth);

 private:
  char PeekBehindSpace();
  bool SkipEscape();
  bool SkipDigits();
  bool SkipNumber();
  bool SkipWord(absl::string_view word);
  bool SkipObject(int depth);
  bool SkipArray(int depth);

  const char* p_;
  const char* end_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_JSON_SCANNER_H_
