// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/packed_scanner.h"

#include "absl/status/status.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "engine/scan/gram_members.h"
#include "engine/scan/literal_grams.h"

namespace tallybell {
namespace {

constexpr size_t kBytes = LiteralGram::kBytes;
constexpr size_t kPlaces = 32;      // that are looked at at a time, in an AVX2 register
constexpr size_t kWidePlaces = 64;  // in an AVX-512 one
constexpr size_t kPassGrams = 8;    // in one pass: each is a bit of a byte
// How far ahead memory is asked for, in bytes: the next step, which somebody else may look at
// before it is scanned, and the little that he asks for himself.
constexpr size_t kAhead = LiteralScanner::kStepBytes + (2 << 10);
// More passes than these are dearer than what Hyperscan does.
constexpr size_t kNarrowPasses = 2;
constexpr size_t kWidePasses = 4;

class PackedScanner : public LiteralScanner {
 public:
  // `grams` are those of `literals`.
  PackedScanner(const std::vector<LiteralGram>& grams, const std::vector<ScanLiteral>& literals,
                const std::vector<uint32_t>& ids, bool wide)
      : wide_(wide), passes_((grams.size() + kPassGrams - 1) / kPassGrams) {
    for (size_t i = 0; i < grams.size(); ++i) {
      passes_[i / kPassGrams].Add(grams[i], GramMembers(grams[i], literals, ids));
    }
  }

  std::unique_ptr<Scratch> NewScratch() const override { return std::make_unique<Scratch>(); }

  void Scan(absl::string_view block, Scratch*, std::vector<ScanHit>* hits) const override {
    const size_t before = hits->size();
    for (const Pass& pass : passes_) {
      const size_t wide = wide_ ? ScanWide(pass, block, hits) : 0;
      const size_t whole = ScanWhole(pass, wide, block, hits);
      // What is left stands at the front of a vector that is zero behind it.
      std::array<char, 2 * kPlaces + kBytes> rest = {};
      std::copy(block.begin() + whole, block.end(), rest.begin());
      for (size_t at = 0; whole + at < block.size(); at += kPlaces) {
        Look(pass, rest.data() + at, whole + at, block, hits);
      }
    }
    const auto begin = hits->begin() + static_cast<std::ptrdiff_t>(before);
    if (!std::is_sorted(begin, hits->end())) std::sort(begin, hits->end());
  }

  absl::string_view engine_name() const override { return "packed"; }

 private:
  // For each byte of a gram: which grams may have it there.
  struct Masks {
    void Mark(unsigned char byte, uint8_t bit) {
      low[byte & 15] |= bit;
      high[byte >> 4] |= bit;
      six_bits[byte & 63] |= bit;
    }
    void MarkAny(uint8_t bit) {
      for (int byte = 0; byte < 256; ++byte) Mark(static_cast<unsigned char>(byte), bit);
    }

    // By each half of the byte, both of which must agree.
    std::array<uint8_t, 16> low = {};
    std::array<uint8_t, 16> high = {};
    // By its lowest six.
    std::array<uint8_t, 64> six_bits = {};
  };

  // The grams that are looked for in one pass.
  struct Pass {
    void Add(const LiteralGram& gram, GramMembers of_gram) {
      const auto bit = static_cast<uint8_t>(1 << members.size());
      members.push_back(std::move(of_gram));
      for (size_t k = 0; k < kBytes; ++k) {
        if (k >= gram.bytes.size()) {
          masks[k].MarkAny(bit);
          continue;
        }
        const auto byte = static_cast<unsigned char>(gram.bytes[k]);
        masks[k].Mark(byte, bit);
        if (gram.ignore_case) masks[k].Mark(absl::ascii_toupper(byte), bit);
      }
    }

    std::vector<GramMembers> members;
    std::array<Masks, kBytes> masks;
  };

  // The masks as a register each, so that nothing is loaded but the block.
  struct Tables {
    __m256i low[kBytes];
    __m256i high[kBytes];
  };
  [[gnu::target("avx2"), gnu::always_inline]] static inline __m256i Load(
      const std::array<uint8_t, 16>& mask) {
    return _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(mask.data())));
  }
  [[gnu::target("avx2"), gnu::always_inline]] static inline Tables LoadTables(const Pass& pass) {
    const auto& masks = pass.masks;
    return {{Load(masks[0].low), Load(masks[1].low), Load(masks[2].low), Load(masks[3].low)},
            {Load(masks[0].high), Load(masks[1].high), Load(masks[2].high), Load(masks[3].high)}};
  }

  // The grams whose byte `k` may be at each of the places [p, p + 32), a byte each.
  template <size_t k>
  [[gnu::target("avx2"), gnu::always_inline]] static inline __m256i MayBeAt(const Tables& tables,
                                                                            const char* p) {
    const __m256i halves = _mm256_set1_epi8(15);
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    const __m256i low = _mm256_and_si256(bytes, halves);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), halves);
    return _mm256_and_si256(_mm256_shuffle_epi8(tables.low[k], low),
                            _mm256_shuffle_epi8(tables.high[k], high));
  }

  // Of the places [p, p + 32) the grams that may begin there.
  [[gnu::target("avx2"), gnu::always_inline]] static inline __m256i MayBegin(const Tables& tables,
                                                                             const char* p) {
    return _mm256_and_si256(_mm256_and_si256(MayBeAt<0>(tables, p), MayBeAt<1>(tables, p + 1)),
                            _mm256_and_si256(MayBeAt<2>(tables, p + 2), MayBeAt<3>(tables, p + 3)));
  }

  // Has the memory at `p`, which may be anywhere, brought near.
  [[gnu::always_inline]] static inline void AskFor(const char* p) { _mm_prefetch(p, _MM_HINT_T1); }

  // Looks at as many places as can be loaded from `at` on; returns where the rest begins.
  [[gnu::target("avx2")]] size_t ScanWhole(const Pass& pass, size_t at, absl::string_view block,
                                           std::vector<ScanHit>* hits) const {
    const Tables tables = LoadTables(pass);
    for (; at + 2 * kPlaces + kBytes - 1 <= block.size(); at += 2 * kPlaces) {
      AskFor(block.data() + at + kAhead);
      const __m256i first = MayBegin(tables, block.data() + at);
      const __m256i second = MayBegin(tables, block.data() + at + kPlaces);
      const __m256i any = _mm256_or_si256(first, second);
      if (_mm256_testz_si256(any, any) != 0) continue;
      Confirm(pass, first, at, block, hits);
      Confirm(pass, second, at + kPlaces, block, hits);
    }
    for (; at + kPlaces + kBytes - 1 <= block.size(); at += kPlaces) {
      Confirm(pass, MayBegin(tables, block.data() + at), at, block, hits);
    }
    return at;
  }

  // Of each byte six bits are looked at: where a look-up in 64 bytes is one step, one in 128 is
  // three.
  struct WideTables {
    __m512i six_bits[kBytes];
  };

  template <size_t k>
  [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] static inline __m512i
  MayBeAtWide(const WideTables& tables, const char* p) {
    return _mm512_permutexvar_epi8(_mm512_loadu_si512(p + k), tables.six_bits[k]);
  }

  [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] static inline __m512i
  MayBeginWide(const WideTables& tables, const char* p) {
    return _mm512_and_si512(_mm512_and_si512(MayBeAtWide<0>(tables, p), MayBeAtWide<1>(tables, p)),
                            _mm512_and_si512(MayBeAtWide<2>(tables, p), MayBeAtWide<3>(tables, p)));
  }

  // As ScanWhole, from the first byte on.
  [[gnu::target("avx512f,avx512bw,avx512vbmi")]] size_t ScanWide(const Pass& pass,
                                                                 absl::string_view block,
                                                                 std::vector<ScanHit>* hits) const {
    static_assert(kBytes == 4);
    const auto& masks = pass.masks;
    const WideTables tables = {{_mm512_loadu_si512(masks[0].six_bits.data()),
                                _mm512_loadu_si512(masks[1].six_bits.data()),
                                _mm512_loadu_si512(masks[2].six_bits.data()),
                                _mm512_loadu_si512(masks[3].six_bits.data())}};
    size_t at = 0;
    for (; at + 2 * kWidePlaces + kBytes - 1 <= block.size(); at += 2 * kWidePlaces) {
      AskFor(block.data() + at + kAhead);
      AskFor(block.data() + at + kAhead + kWidePlaces);
      const __m512i first = MayBeginWide(tables, block.data() + at);
      const __m512i second = MayBeginWide(tables, block.data() + at + kWidePlaces);
      const __m512i any = _mm512_or_si512(first, second);
      if (_mm512_test_epi8_mask(any, any) == 0) continue;
      ConfirmWide(pass, first, at, block, hits);
      ConfirmWide(pass, second, at + kWidePlaces, block, hits);
    }
    return at;
  }

  [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::noinline]] void ConfirmWide(
      const Pass& pass, __m512i found, size_t at, absl::string_view block,
      std::vector<ScanHit>* hits) const {
    const uint64_t places = _mm512_test_epi8_mask(found, found);
    if (places == 0) return;
    alignas(64) std::array<uint8_t, kWidePlaces> grams;
    _mm512_store_si512(grams.data(), found);
    CompareAt(pass, places, grams.data(), at, block, hits);
  }

  // The places from `p` on are those from `at` on of the block.
  [[gnu::target("avx2")]] void Look(const Pass& pass, const char* p, size_t at,
                                    absl::string_view block, std::vector<ScanHit>* hits) const {
    Confirm(pass, MayBegin(LoadTables(pass), p), at, block, hits);
  }

  [[gnu::target("avx2"), gnu::noinline]] void Confirm(const Pass& pass, __m256i found, size_t at,
                                                      absl::string_view block,
                                                      std::vector<ScanHit>* hits) const {
    const __m256i none = _mm256_cmpeq_epi8(found, _mm256_setzero_si256());
    const uint32_t places = ~static_cast<uint32_t>(_mm256_movemask_epi8(none));
    if (places == 0) return;
    alignas(32) std::array<uint8_t, kPlaces> grams;
    _mm256_store_si256(reinterpret_cast<__m256i*>(grams.data()), found);
    CompareAt(pass, places, grams.data(), at, block, hits);
  }

  // `grams`: which may begin at each place, a bit each.
  static void CompareAt(const Pass& pass, uint64_t places, const uint8_t* grams, size_t at,
                        absl::string_view block, std::vector<ScanHit>* hits) {
    for (; places != 0; places &= places - 1) {
      const int place = __builtin_ctzll(places);
      for (uint32_t bits = grams[place]; bits != 0; bits &= bits - 1) {
        pass.members[__builtin_ctz(bits)].AppendHits(block, at + place, hits);
      }
    }
  }

  const bool wide_;
  std::vector<Pass> passes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LiteralScanner>> CreatePackedScanner(
    const std::vector<ScanLiteral>& literals, const std::vector<uint32_t>& ids, bool wide) {
  if (!__builtin_cpu_supports("avx2")) return absl::UnavailableError("this CPU has no AVX2");
  wide = wide && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi");
  const std::vector<LiteralGram> grams =
      ChooseGrams(literals, kPassGrams * (wide ? kWidePasses : kNarrowPasses));
  if (grams.empty()) return absl::UnavailableError("the literals are too short or too different");
  std::unique_ptr<LiteralScanner> scanner =
      std::make_unique<PackedScanner>(grams, literals, ids, wide);
  return scanner;
}

}  // namespace tallybell

#else

namespace tallybell {

absl::StatusOr<std::unique_ptr<LiteralScanner>> CreatePackedScanner(const std::vector<ScanLiteral>&,
                                                                    const std::vector<uint32_t>&,
                                                                    bool) {
  return absl::UnavailableError("this CPU has no AVX2");
}

}  // namespace tallybell

#endif  // __x86_64__
