// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/literal_search.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

namespace tallybell {
namespace {

using Bytes = uint8_t __attribute__((vector_size(16)));
using Words = uint64_t __attribute__((vector_size(16)));
constexpr size_t kWidth = sizeof(Bytes);
constexpr size_t kNone = absl::string_view::npos;

// How common a byte is in logs: more is commoner. Only speed depends on it.
size_t Commonness(char byte) {
  static constexpr absl::string_view kCommonestFirst =
      " 0e1ta2inosr3d4l5c6u7m8p9g.h:f-/bv=\"w_ky,IE][xDSCTAPRFMNLO'()WBUVGH{}";
  const size_t at = kCommonestFirst.find(byte);
  return at == kNone ? 0 : kCommonestFirst.size() - at;
}

// A byte at each place.
Bytes Everywhere(char byte) { return Bytes{} + static_cast<uint8_t>(byte); }

// Two bytes of a text, and where in it they are.
struct TwoBytes {
  const size_t at[2];
  const Bytes byte[2];

  // All ones at each of the places `p` to `p` + 15 where a text with these bytes may begin.
  [[gnu::always_inline]] Bytes MayBegin(const char* p) const {
    Bytes first;
    Bytes second;
    std::memcpy(&first, p + at[0], kWidth);
    std::memcpy(&second, p + at[1], kWidth);
    return reinterpret_cast<Bytes>(first == byte[0]) & reinterpret_cast<Bytes>(second == byte[1]);
  }
};

[[gnu::always_inline]] inline bool Any(Bytes places) {
  const auto words = reinterpret_cast<Words>(places);
  return (words[0] | words[1]) != 0;
}

// The first of the places `p` to `p` + 15, from the `skip`th on, where `text` stands, or kWidth.
size_t FindAmong(Bytes places, const char* p, size_t skip, absl::string_view text) {
  const auto words = reinterpret_cast<Words>(places);
  for (size_t i = 0; i < 2; ++i) {
    uint64_t left = words[i];
    if constexpr (std::endian::native == std::endian::big) left = __builtin_bswap64(left);
    // One bit a byte.
    for (left &= 0x0101010101010101; left != 0; left &= left - 1) {
      const size_t at = i * 8 + static_cast<size_t>(std::countr_zero(left)) / 8;
      if (at >= skip && std::memcmp(p + at, text.data(), text.size()) == 0) return at;
    }
  }
  return kWidth;
}

}  // namespace

LiteralSearch::LiteralSearch(std::string text) : text_(std::move(text)) {
  for (size_t i = 1; i < text_.size(); ++i) {
    if (Commonness(text_[i]) < Commonness(text_[rarest_])) rarest_ = i;
  }
  next_rarest_ = rarest_ == 0 && text_.size() > 1 ? 1 : 0;
  for (size_t i = next_rarest_; i < text_.size(); ++i) {
    if (i != rarest_ && Commonness(text_[i]) < Commonness(text_[next_rarest_])) next_rarest_ = i;
  }
}

size_t LiteralSearch::Find(absl::string_view in, size_t from) const {
  if (in.size() < text_.size() || from > in.size() - text_.size()) return kNone;
  if (text_.empty()) return from;
  const TwoBytes two = {{rarest_, next_rarest_},
                        {Everywhere(text_[rarest_]), Everywhere(text_[next_rarest_])}};
  // The first place where it may stand, and the last.
  size_t at = from;
  const size_t last = in.size() - text_.size();
  // Most blocks hold nothing: two are asked at a time.
  while (at + 2 * kWidth <= last + 1 &&
         !Any(two.MayBegin(in.data() + at) | two.MayBegin(in.data() + at + kWidth))) {
    at += 2 * kWidth;
  }
  for (; at + kWidth <= last + 1; at += kWidth) {
    const Bytes places = two.MayBegin(in.data() + at);
    if (!Any(places)) continue;
    const size_t found = FindAmong(places, in.data() + at, 0, text_);
    if (found != kWidth) return at + found;
  }
  if (at > last) return kNone;
  if (last + 1 < kWidth) return in.find(text_, at);
  // Sixteen places that end with the last one; some have been looked at.
  const size_t block = last + 1 - kWidth;
  const Bytes places = two.MayBegin(in.data() + block);
  if (!Any(places)) return kNone;
  const size_t found = FindAmong(places, in.data() + block, at - block, text_);
  return found == kWidth ? kNone : block + found;
}

}  // namespace tallybell
