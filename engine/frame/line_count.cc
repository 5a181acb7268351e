// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/line_count.h"

#include <algorithm>
#include <cstring>

namespace tallybell {
namespace {

// What a compiler turns into a comparison of so many bytes at a time.
template <size_t kWidth>
struct Lanes {
  using Bytes __attribute__((vector_size(kWidth))) = uint8_t;
};

struct Counted {
  int64_t newlines = 0;
  bool has_nul = false;
};

// Counts in the lanes of a vector, which can hold 255 each before they must be added up.
template <size_t kWidth>
[[gnu::always_inline]] inline Counted Count(const char* p, const char* end) {
  using Bytes = typename Lanes<kWidth>::Bytes;
  constexpr size_t kMaxSteps = 255;
  Counted counted;
  Bytes least = ~Bytes{};
  while (static_cast<size_t>(end - p) >= kWidth) {
    const size_t steps = std::min(kMaxSteps, (end - p) / kWidth);
    Bytes found = {};
    for (size_t i = 0; i < steps; ++i, p += kWidth) {
      Bytes bytes;
      std::memcpy(&bytes, p, kWidth);
      // True is -1 in each lane.
      found -= reinterpret_cast<Bytes>(bytes == static_cast<uint8_t>('\n'));
      least = bytes < least ? bytes : least;
    }
    for (size_t lane = 0; lane < kWidth; ++lane) counted.newlines += found[lane];
  }
  for (size_t lane = 0; lane < kWidth; ++lane) counted.has_nul |= least[lane] == 0;
  for (; p < end; ++p) {
    counted.newlines += *p == '\n' ? 1 : 0;
    counted.has_nul |= *p == '\0';
  }
  return counted;
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] Counted CountByAvx2(const char* p, const char* end) {
  return Count<32>(p, end);
}

[[gnu::target("avx512f,avx512bw")]] Counted CountByAvx512(const char* p, const char* end) {
  return Count<64>(p, end);
}

using CountBytes = Counted (*)(const char* p, const char* end);

CountBytes Widest() {
  if (__builtin_cpu_supports("avx512bw")) return CountByAvx512;
  if (__builtin_cpu_supports("avx2")) return CountByAvx2;
  return Count<16>;
}
#endif

Counted CountAll(absl::string_view bytes) {
  const char* const end = bytes.data() + bytes.size();
#if defined(__x86_64__)
  static const CountBytes count = Widest();
  return count(bytes.data(), end);
#else
  return Count<16>(bytes.data(), end);
#endif
}

}  // namespace

int64_t CountLines(absl::string_view bytes, bool* has_nul) {
  const Counted counted = CountAll(bytes);
  *has_nul = counted.has_nul;
  return counted.newlines + (!bytes.empty() && bytes.back() != '\n' ? 1 : 0);
}

int64_t CountLines(absl::string_view bytes) {
  bool has_nul;
  return CountLines(bytes, &has_nul);
}

}  // namespace tallybell
