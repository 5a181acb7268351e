// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/line_count.h"

#include <bit>
#include <cstring>

namespace tallybell {
namespace {

constexpr uint64_t kNewlines = 0x0a0a0a0a0a0a0a0a;
constexpr uint64_t kLowBits = 0x7f7f7f7f7f7f7f7f;

// Newlines among eight bytes: the bytes that are zero once newlines are. Adding to the low seven
// bits cannot carry into the next byte, so each byte is told exactly.
int NewlinesIn(uint64_t word) {
  const uint64_t zero_at_newline = word ^ kNewlines;
  const uint64_t not_zero = ((zero_at_newline & kLowBits) + kLowBits) | zero_at_newline | kLowBits;
  return std::popcount(~not_zero);
}

}  // namespace

int64_t CountLines(absl::string_view bytes) {
  int64_t lines = !bytes.empty() && bytes.back() != '\n' ? 1 : 0;
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  for (; end - p >= 32; p += 32) {
    uint64_t words[4];
    std::memcpy(words, p, sizeof(words));
    lines += NewlinesIn(words[0]) + NewlinesIn(words[1]) + NewlinesIn(words[2]) +
             NewlinesIn(words[3]);
  }
  for (; p < end; ++p) lines += *p == '\n' ? 1 : 0;
  return lines;
}

}  // namespace tallybell
