// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_BASE_BYTE_MASKS_H_
#define TALLYBELL_ENGINE_BASE_BYTE_MASKS_H_

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

namespace tallybell {

// 64 bytes of a text, and a bit for each that is the one that is asked for. For functions that are
// compiled for AVX2 and only called where ByteMasks::Work.
class ByteMasks {
 public:
  static constexpr size_t kBytes = 64;

  static bool Work() {
    static const bool work = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
    return work;
  }

  // Of the front of `text`, which may be shorter: NUL bytes follow it then.
  [[gnu::target("avx2"), gnu::always_inline]] explicit ByteMasks(absl::string_view text) {
    if (text.size() >= kBytes) {
      Load(text.data());
      return;
    }
    char last[kBytes] = {};
    std::memcpy(last, text.data(), text.size());
    Load(last);
  }

  [[gnu::target("avx2"), gnu::always_inline]] uint64_t EqualTo(char c) const {
    const __m256i wanted = _mm256_set1_epi8(c);
    const auto low = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low_, wanted)));
    const auto high = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high_, wanted)));
    return low | uint64_t{high} << 32;
  }

  // Those that are not ASCII.
  [[gnu::target("avx2"), gnu::always_inline]] uint64_t High() const {
    const auto low = static_cast<uint32_t>(_mm256_movemask_epi8(low_));
    const auto high = static_cast<uint32_t>(_mm256_movemask_epi8(high_));
    return low | uint64_t{high} << 32;
  }

 private:
  [[gnu::target("avx2"), gnu::always_inline]] void Load(const char* p) {
    low_ = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    high_ = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + kBytes / 2));
  }

  __m256i low_;
  __m256i high_;
};

}  // namespace tallybell

#endif

#endif  // TALLYBELL_ENGINE_BASE_BYTE_MASKS_H_
