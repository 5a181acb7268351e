// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_FRAME_LINE_COUNT_H_
#define TALLYBELL_ENGINE_FRAME_LINE_COUNT_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace tallybell {

// How many lines `bytes` holds; a last one without its newline is one too. Every byte of every
// source passes here, so this runs near the speed of memory.
int64_t CountLines(absl::string_view bytes);

// What there is in some bytes, found in one pass over them.
struct ByteFacts {
  // More of them: `bytes` are those behind the ones before.
  void Add(absl::string_view bytes);

  int64_t lines() const { return newlines + (ends_within_line ? 1 : 0); }  // as CountLines

  int64_t newlines = 0;
  bool ends_within_line = false;
  bool has_nul = false;     // a byte is NUL
  bool has_escape = false;  // a byte is ESC, with which colours begin
  bool has_high = false;    // a byte is not ASCII

  // Whether nothing in them is to be cleaned but carriage returns.
  bool plain() const { return !has_nul && !has_escape && !has_high; }
};

inline ByteFacts LookAtBytes(absl::string_view bytes) {
  ByteFacts facts;
  facts.Add(bytes);
  return facts;
}

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_FRAME_LINE_COUNT_H_
