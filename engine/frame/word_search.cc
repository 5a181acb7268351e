// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/word_search.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tallybell {
namespace {

// What a compiler turns into the widest comparison that it may use.
using Bytes = uint8_t __attribute__((vector_size(32)));
using Words = uint64_t __attribute__((vector_size(32)));

// All ones in each byte from which on the first and the last byte of the word stand where they
// would.
[[gnu::always_inline]] inline void Ends(const char* p, size_t last, char first_byte, char last_byte,
                                        Bytes* found) {
  Bytes front;
  Bytes back;
  std::memcpy(&front, p, sizeof(front));
  std::memcpy(&back, p + last, sizeof(back));
  *found = reinterpret_cast<Bytes>(front == static_cast<uint8_t>(first_byte)) &
           reinterpret_cast<Bytes>(back == static_cast<uint8_t>(last_byte));
}

[[gnu::always_inline]] inline bool Search(absl::string_view text, absl::string_view word) {
  constexpr size_t kVectors = 4;
  constexpr size_t kStep = kVectors * sizeof(Bytes);
  const size_t last = word.size() - 1;
  const char* p = text.data();
  const char* const end = p + text.size();
  for (; static_cast<size_t>(end - p) >= kStep + last; p += kStep) {
    Bytes found[kVectors];
    for (size_t i = 0; i < kVectors; ++i) {
      Ends(p + i * sizeof(Bytes), last, word.front(), word.back(), &found[i]);
    }
    const Words any = reinterpret_cast<Words>((found[0] | found[1]) | (found[2] | found[3]));
    if ((any[0] | any[1] | any[2] | any[3]) == 0) continue;
    if (memmem(p, kStep + last, word.data(), word.size()) != nullptr) return true;
  }
  return memmem(p, static_cast<size_t>(end - p), word.data(), word.size()) != nullptr;
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] bool SearchByAvx2(absl::string_view text, absl::string_view word) {
  return Search(text, word);
}

bool HasAvx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}
#endif

}  // namespace

bool HoldsWord(absl::string_view text, absl::string_view word) {
#if defined(__x86_64__)
  if (HasAvx2()) return SearchByAvx2(text, word);
#endif
  return Search(text, word);
}

}  // namespace tallybell
