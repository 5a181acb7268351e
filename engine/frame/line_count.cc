// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/line_count.h"

#include <algorithm>
#include <cstring>

namespace tallybell {
namespace {

// What a compiler turns into the widest comparison that it may use.
using Bytes = uint8_t __attribute__((vector_size(32)));

// Counts in the lanes of a vector, which can hold 255 each before they must be added up.
[[gnu::always_inline]] inline int64_t NewlinesIn(const char* p, const char* end) {
  constexpr size_t kMaxSteps = 255;
  int64_t newlines = 0;
  while (static_cast<size_t>(end - p) >= sizeof(Bytes)) {
    const size_t steps = std::min(kMaxSteps, (end - p) / sizeof(Bytes));
    Bytes found = {};
    for (size_t i = 0; i < steps; ++i, p += sizeof(Bytes)) {
      Bytes bytes;
      std::memcpy(&bytes, p, sizeof(bytes));
      // True is -1 in each lane.
      found -= reinterpret_cast<Bytes>(bytes == static_cast<uint8_t>('\n'));
    }
    for (size_t lane = 0; lane < sizeof(Bytes); ++lane) newlines += found[lane];
  }
  for (; p < end; ++p) newlines += *p == '\n' ? 1 : 0;
  return newlines;
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] int64_t NewlinesByAvx2(const char* p, const char* end) {
  return NewlinesIn(p, end);
}

bool HasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}
#endif

}  // namespace

int64_t CountLines(absl::string_view bytes) {
  const int64_t unfinished = !bytes.empty() && bytes.back() != '\n' ? 1 : 0;
  const char* const end = bytes.data() + bytes.size();
#if defined(__x86_64__)
  if (HasAvx2()) return unfinished + NewlinesByAvx2(bytes.data(), end);
#endif
  return unfinished + NewlinesIn(bytes.data(), end);
}

}  // namespace tallybell
