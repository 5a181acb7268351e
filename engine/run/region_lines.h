// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Finding the lines of a stretch of whole lines, of which the last may lack its newline.
#ifndef TALLYBELL_ENGINE_RUN_REGION_LINES_H_
#define TALLYBELL_ENGINE_RUN_REGION_LINES_H_

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "absl/strings/string_view.h"

namespace tallybell {

// The line of `region` that begins at `begin`, without its newline.
inline absl::string_view LineAt(absl::string_view region, size_t begin) {
  const void* const newline = std::memchr(region.data() + begin, '\n', region.size() - begin);
  const size_t end =
      newline == nullptr ? region.size() : static_cast<const char*>(newline) - region.data();
  return region.substr(begin, end - begin);
}

// Where the line begins that ends at `end` (its newline, or the region's end).
inline size_t LineBegin(absl::string_view region, size_t end) {
  const void* const newline = memrchr(region.data(), '\n', end);
  return newline == nullptr ? 0 : static_cast<const char*>(newline) - region.data() + 1;
}

// The first line that begins at or after `at`.
inline size_t NextLineBegin(absl::string_view region, size_t at) {
  if (at == 0 || at >= region.size() || region[at - 1] == '\n') return at;
  return std::min(region.size(), at + LineAt(region, at).size() + 1);
}

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_REGION_LINES_H_
