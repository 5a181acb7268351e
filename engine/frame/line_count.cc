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

constexpr uint8_t kEscape = 0x1b;

// How far ahead memory is asked for, in bytes.
constexpr size_t kAhead = 2 << 10;

// Newlines are counted in the lanes of a vector, which hold 255 each before they are added up.
template <size_t kWidth>
[[gnu::always_inline]] inline void Look(const char* p, const char* end, ByteFacts* facts) {
  using Bytes = typename Lanes<kWidth>::Bytes;
  constexpr size_t kMaxSteps = 255;
  Bytes least = ~Bytes{};
  Bytes escapes = {};
  Bytes all = {};
  while (static_cast<size_t>(end - p) >= kWidth) {
    const size_t steps = std::min(kMaxSteps, (end - p) / kWidth);
    Bytes found = {};
    for (size_t i = 0; i < steps; ++i, p += kWidth) {
      Bytes bytes;
      __builtin_prefetch(p + kAhead);
      std::memcpy(&bytes, p, kWidth);
      // True is -1 in each lane.
      found -= reinterpret_cast<Bytes>(bytes == static_cast<uint8_t>('\n'));
      escapes |= reinterpret_cast<Bytes>(bytes == kEscape);
      all |= bytes;
      least = bytes < least ? bytes : least;
    }
    for (size_t lane = 0; lane < kWidth; ++lane) facts->newlines += found[lane];
  }
  for (size_t lane = 0; lane < kWidth; ++lane) {
    facts->has_nul |= least[lane] == 0;
    facts->has_escape |= escapes[lane] != 0;
    facts->has_high |= all[lane] >= 0x80;
  }
  for (; p < end; ++p) {
    facts->newlines += *p == '\n' ? 1 : 0;
    facts->has_nul |= *p == '\0';
    facts->has_escape |= *p == static_cast<char>(kEscape);
    facts->has_high |= static_cast<uint8_t>(*p) >= 0x80;
  }
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void LookByAvx2(const char* p, const char* end, ByteFacts* facts) {
  Look<32>(p, end, facts);
}

[[gnu::target("avx512f,avx512bw")]] void LookByAvx512(const char* p, const char* end,
                                                      ByteFacts* facts) {
  Look<64>(p, end, facts);
}

using LookAt = void (*)(const char* p, const char* end, ByteFacts* facts);

LookAt Widest() {
  if (__builtin_cpu_supports("avx512bw")) return LookByAvx512;
  if (__builtin_cpu_supports("avx2")) return LookByAvx2;
  return Look<16>;
}
#endif

}  // namespace

void ByteFacts::Add(absl::string_view bytes) {
  if (bytes.empty()) return;
  const char* const end = bytes.data() + bytes.size();
#if defined(__x86_64__)
  static const LookAt look = Widest();
  look(bytes.data(), end, this);
#else
  Look<16>(bytes.data(), end, this);
#endif
  ends_within_line = bytes.back() != '\n';
}

int64_t CountLines(absl::string_view bytes) { return LookAtBytes(bytes).lines(); }

}  // namespace tallybell
