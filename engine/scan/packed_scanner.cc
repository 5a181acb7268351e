// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/packed_scanner.h"

#include "absl/status/status.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"

namespace tallybell {
namespace {

constexpr size_t kBytes = 3;        // of a literal that are looked for
constexpr size_t kPlaces = 32;      // that are looked at at a time, in an AVX2 register
constexpr size_t kWidePlaces = 64;  // in an AVX-512 one
constexpr size_t kMaxLiterals = 8;  // each is a bit of a byte

// How common a byte is in logs, roughly: the steps are powers of two.
int Commonness(unsigned char byte) {
  constexpr absl::string_view kRanks[] = {" 0123456789", "etaoinsr:.-", "lcdhpmu/=\"", "fgbvwy_,"};
  int rank = 7;
  for (const absl::string_view bytes : kRanks) {
    if (bytes.find(static_cast<char>(byte)) != absl::string_view::npos) return rank;
    --rank;
  }
  return absl::ascii_isalnum(byte) ? 2 : 1;
}

// Where the rarest bytes of `literal` begin.
size_t RarestBytes(const ScanLiteral& literal) {
  size_t best = 0;
  int least = INT32_MAX;
  for (size_t at = 0; at + kBytes <= literal.text.size(); ++at) {
    int sum = 0;
    for (size_t k = 0; k < kBytes; ++k) {
      sum += Commonness(static_cast<unsigned char>(literal.text[at + k]));
    }
    if (sum < least) {
      least = sum;
      best = at;
    }
  }
  return best;
}

class PackedScanner : public LiteralScanner {
 public:
  PackedScanner(const std::vector<ScanLiteral>& literals, const std::vector<uint32_t>& ids,
                bool wide)
      : wide_(wide) {
    for (size_t i = 0; i < literals.size(); ++i) {
      literals_.push_back({literals[i], ids[i], RarestBytes(literals[i])});
      Mark(literals_.back(), static_cast<uint8_t>(1 << i));
    }
  }

  std::unique_ptr<Scratch> NewScratch() const override { return std::make_unique<Scratch>(); }

  void Scan(absl::string_view block, Scratch*, std::vector<ScanHit>* hits) const override {
    const size_t before = hits->size();
    const size_t wide = wide_ ? ScanWide(block, hits) : 0;
    const size_t whole = ScanWhole(wide, block, hits);
    // What is left stands at the front of a vector that is zero behind it.
    std::array<char, 2 * kPlaces + kBytes> rest = {};
    std::copy(block.begin() + whole, block.end(), rest.begin());
    for (size_t at = 0; whole + at < block.size(); at += kPlaces) {
      Look(rest.data() + at, whole + at, block, hits);
    }
    const auto begin = hits->begin() + static_cast<std::ptrdiff_t>(before);
    if (!std::is_sorted(begin, hits->end())) std::sort(begin, hits->end());
  }

  absl::string_view engine_name() const override { return "packed"; }

 private:
  struct Literal {
    ScanLiteral literal;
    uint32_t id;
    size_t bytes_at;  // where those begin that are looked for
  };

  // For each of the bytes: which literals may have it there.
  struct Masks {
    void Mark(unsigned char byte, uint8_t bit) {
      low[byte & 15] |= bit;
      high[byte >> 4] |= bit;
      ascii[byte & 127] |= bit;
    }

    // By each half of the byte, both of which must agree.
    std::array<uint8_t, 16> low = {};
    std::array<uint8_t, 16> high = {};
    // By all of it but for its highest bit.
    std::array<uint8_t, 128> ascii = {};
  };

  void Mark(const Literal& literal, uint8_t bit) {
    for (size_t k = 0; k < kBytes; ++k) {
      const auto byte = static_cast<unsigned char>(literal.literal.text[literal.bytes_at + k]);
      masks_[k].Mark(byte, bit);
      if (literal.literal.ignore_case) masks_[k].Mark(absl::ascii_toupper(byte), bit);
    }
  }

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
  [[gnu::target("avx2"), gnu::always_inline]] inline Tables LoadTables() const {
    return {{Load(masks_[0].low), Load(masks_[1].low), Load(masks_[2].low)},
            {Load(masks_[0].high), Load(masks_[1].high), Load(masks_[2].high)}};
  }

  // The literals whose byte `k` may be at each of the places [p, p + 32), a byte each.
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

  // Of the places [p, p + 32) the literals whose bytes may begin there.
  [[gnu::target("avx2"), gnu::always_inline]] static inline __m256i MayBegin(const Tables& tables,
                                                                             const char* p) {
    return _mm256_and_si256(MayBeAt<0>(tables, p),
                            _mm256_and_si256(MayBeAt<1>(tables, p + 1), MayBeAt<2>(tables, p + 2)));
  }

  // Looks at as many places as can be loaded from `at` on; returns where the rest begins.
  [[gnu::target("avx2")]] size_t ScanWhole(size_t at, absl::string_view block,
                                           std::vector<ScanHit>* hits) const {
    const Tables tables = LoadTables();
    for (; at + 2 * kPlaces + kBytes - 1 <= block.size(); at += 2 * kPlaces) {
      const __m256i first = MayBegin(tables, block.data() + at);
      const __m256i second = MayBegin(tables, block.data() + at + kPlaces);
      const __m256i any = _mm256_or_si256(first, second);
      if (_mm256_testz_si256(any, any) != 0) continue;
      Confirm(first, at, block, hits);
      Confirm(second, at + kPlaces, block, hits);
    }
    for (; at + kPlaces + kBytes - 1 <= block.size(); at += kPlaces) {
      Confirm(MayBegin(tables, block.data() + at), at, block, hits);
    }
    return at;
  }

  struct WideTables {
    __m512i low[kBytes];
    __m512i high[kBytes];
  };

  // The literals whose byte `k` may be at each of the places [p, p + 64), by one look-up.
  template <size_t k>
  [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] static inline __m512i
  MayBeAtWide(const WideTables& tables, const char* p) {
    return _mm512_permutex2var_epi8(tables.low[k], _mm512_loadu_si512(p), tables.high[k]);
  }

  [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::always_inline]] static inline __m512i
  MayBeginWide(const WideTables& tables, const char* p) {
    return _mm512_and_si512(
        MayBeAtWide<0>(tables, p),
        _mm512_and_si512(MayBeAtWide<1>(tables, p + 1), MayBeAtWide<2>(tables, p + 2)));
  }

  // As ScanWhole, from the first byte on.
  [[gnu::target("avx512f,avx512bw,avx512vbmi")]] size_t ScanWide(absl::string_view block,
                                                                 std::vector<ScanHit>* hits) const {
    WideTables tables;
    for (size_t k = 0; k < kBytes; ++k) {
      tables.low[k] = _mm512_loadu_si512(masks_[k].ascii.data());
      tables.high[k] = _mm512_loadu_si512(masks_[k].ascii.data() + 64);
    }
    size_t at = 0;
    for (; at + 2 * kWidePlaces + kBytes - 1 <= block.size(); at += 2 * kWidePlaces) {
      const __m512i first = MayBeginWide(tables, block.data() + at);
      const __m512i second = MayBeginWide(tables, block.data() + at + kWidePlaces);
      const __m512i any = _mm512_or_si512(first, second);
      if (_mm512_test_epi8_mask(any, any) == 0) continue;
      ConfirmWide(first, at, block, hits);
      ConfirmWide(second, at + kWidePlaces, block, hits);
    }
    return at;
  }

  [[gnu::target("avx512f,avx512bw,avx512vbmi"), gnu::noinline]] void ConfirmWide(
      __m512i found, size_t at, absl::string_view block, std::vector<ScanHit>* hits) const {
    const uint64_t places = _mm512_test_epi8_mask(found, found);
    if (places == 0) return;
    alignas(64) std::array<uint8_t, kWidePlaces> literals;
    _mm512_store_si512(literals.data(), found);
    CompareAt(places, literals.data(), at, block, hits);
  }

  // The places from `p` on are those from `at` on of the block.
  [[gnu::target("avx2")]] void Look(const char* p, size_t at, absl::string_view block,
                                    std::vector<ScanHit>* hits) const {
    Confirm(MayBegin(LoadTables(), p), at, block, hits);
  }

  [[gnu::target("avx2"), gnu::noinline]] void Confirm(__m256i found, size_t at,
                                                      absl::string_view block,
                                                      std::vector<ScanHit>* hits) const {
    const __m256i none = _mm256_cmpeq_epi8(found, _mm256_setzero_si256());
    const uint32_t places = ~static_cast<uint32_t>(_mm256_movemask_epi8(none));
    if (places == 0) return;
    alignas(32) std::array<uint8_t, kPlaces> literals;
    _mm256_store_si256(reinterpret_cast<__m256i*>(literals.data()), found);
    CompareAt(places, literals.data(), at, block, hits);
  }

  // `literals`: which may begin at each place.
  void CompareAt(uint64_t places, const uint8_t* literals, size_t at, absl::string_view block,
                 std::vector<ScanHit>* hits) const {
    for (; places != 0; places &= places - 1) {
      const int place = __builtin_ctzll(places);
      for (uint32_t bits = literals[place]; bits != 0; bits &= bits - 1) {
        Compare(literals_[__builtin_ctz(bits)], at + place, block, hits);
      }
    }
  }

  static void Compare(const Literal& literal, size_t at, absl::string_view block,
                      std::vector<ScanHit>* hits) {
    const std::string& text = literal.literal.text;
    if (at < literal.bytes_at || at - literal.bytes_at + text.size() > block.size()) return;
    const size_t begin = at - literal.bytes_at;
    const char* const bytes = block.data() + begin;
    // What ignores case is kept in small letters.
    const bool same =
        literal.literal.ignore_case
            ? std::equal(text.begin(), text.end(), bytes,
                         [](char a, char b) {
                           return a == absl::ascii_tolower(static_cast<unsigned char>(b));
                         })
            : std::memcmp(bytes, text.data(), text.size()) == 0;
    if (same) hits->push_back({static_cast<uint32_t>(begin + text.size()), literal.id});
  }

  const bool wide_;
  std::vector<Literal> literals_;
  std::array<Masks, kBytes> masks_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LiteralScanner>> CreatePackedScanner(
    const std::vector<ScanLiteral>& literals, const std::vector<uint32_t>& ids, bool wide) {
  const bool fits = !literals.empty() && literals.size() <= kMaxLiterals &&
                    std::all_of(literals.begin(), literals.end(), [](const ScanLiteral& literal) {
                      return literal.text.size() >= kBytes;
                    });
  if (!fits) return absl::UnavailableError("the literals are too many or too short");
  if (!__builtin_cpu_supports("avx2")) return absl::UnavailableError("this CPU has no AVX2");
  wide = wide && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi");
  std::unique_ptr<LiteralScanner> scanner = std::make_unique<PackedScanner>(literals, ids, wide);
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
