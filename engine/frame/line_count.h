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
  int64_t lines = 0;        // as CountLines
  bool has_nul = false;     // a byte is NUL
  bool has_escape = false;  // a byte is ESC, with which colours begin
  bool has_high = false;    // a byte is not ASCII

  // Whether nothing in them is to be cleaned but carriage returns.
  bool plain() const { return !has_nul && !has_escape && !has_high; }
};
ByteFacts LookAtBytes(absl::string_view bytes);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_FRAME_LINE_COUNT_H_
