// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/match_literals.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

LiteralSet Nothing() { return {ScanLiteral{}}; }

size_t ShortestOf(const LiteralSet& set) {
  size_t shortest = SIZE_MAX;
  for (const ScanLiteral& literal : set) shortest = std::min(shortest, literal.text.size());
  return set.empty() ? 0 : shortest;
}

// Each of `a` followed by each of `b`. False if that is too much. Ignoring case in one part is
// ignoring it in the whole: that finds more, never less.
bool Product(const LiteralSet& a, const LiteralSet& b, LiteralSet* product) {
  product->clear();
  if (a.size() * b.size() > MatchLiterals::kMaxProduct) return false;
  for (const ScanLiteral& first : a) {
    for (const ScanLiteral& second : b) {
      if (first.text.size() + second.text.size() > MatchLiterals::kMaxProductBytes) return false;
      product->push_back(
          {absl::StrCat(first.text, second.text), first.ignore_case || second.ignore_case});
    }
  }
  return true;
}

LiteralSet Union(const LiteralSet& a, const LiteralSet& b, size_t max_size) {
  if (ShortestOf(a) == 0 || ShortestOf(b) == 0) return Nothing();
  LiteralSet both = a;
  both.insert(both.end(), b.begin(), b.end());
  std::sort(both.begin(), both.end());
  both.erase(std::unique(both.begin(), both.end()), both.end());
  return both.size() > max_size ? Nothing() : both;
}

}  // namespace

const LiteralSet& BetterSet(const LiteralSet& a, const LiteralSet& b) {
  const size_t shortest_a = ShortestOf(a);
  const size_t shortest_b = ShortestOf(b);
  if (shortest_a != shortest_b) return shortest_a > shortest_b ? a : b;
  return a.size() <= b.size() ? a : b;
}

MatchLiterals MatchLiterals::Exactly(ScanLiteral literal) {
  MatchLiterals result;
  result.exact_ = true;
  result.head_ = {std::move(literal)};
  result.inside_ = Nothing();
  return result;
}

MatchLiterals MatchLiterals::Anything() {
  MatchLiterals result;
  result.head_ = result.tail_ = result.inside_ = Nothing();
  return result;
}

MatchLiterals MatchLiterals::Concat(const MatchLiterals& a, const MatchLiterals& b) {
  MatchLiterals result;
  result.inside_ = BetterSet(a.inside_, b.inside_);
  LiteralSet joint;
  const bool joined = Product(a.tail(), b.head(), &joint);
  if (a.exact_ && b.exact_) {
    result.exact_ = joined;
    result.head_ = joined ? joint : a.head();
    result.tail_ = joined ? LiteralSet() : b.tail();
    return result;
  }
  result.head_ = a.head();
  result.tail_ = b.tail();
  if (a.exact_) {
    if (joined) {
      result.head_ = std::move(joint);
    } else {
      result.inside_ = BetterSet(result.inside_, b.head());
    }
  } else if (b.exact_) {
    if (joined) {
      result.tail_ = std::move(joint);
    } else {
      result.inside_ = BetterSet(result.inside_, a.tail());
    }
  } else {
    result.inside_ = BetterSet(result.inside_, joined ? joint : BetterSet(a.tail(), b.head()));
  }
  return result;
}

MatchLiterals MatchLiterals::Either(const MatchLiterals& a, const MatchLiterals& b) {
  MatchLiterals result;
  if (a.exact_ && b.exact_) {
    // An empty branch is a text like any other here: an optional piece stays exact.
    LiteralSet both = a.head_;
    both.insert(both.end(), b.head_.begin(), b.head_.end());
    std::sort(both.begin(), both.end());
    both.erase(std::unique(both.begin(), both.end()), both.end());
    if (both.size() <= kMaxProduct) {
      result.exact_ = true;
      result.head_ = std::move(both);
      result.inside_ = Nothing();
      return result;
    }
  }
  result.head_ = Union(a.head(), b.head(), kMaxProduct);
  result.tail_ = Union(a.tail(), b.tail(), kMaxProduct);
  result.inside_ = Union(a.Best(), b.Best(), kMaxUnion);
  return result;
}

MatchLiterals MatchLiterals::Repeat(const MatchLiterals& x, int min, int max) {
  static constexpr int kMaxCopies = 8;
  if (max == 0) return Exactly();
  if (min == 0) return max == 1 ? Either(x, Exactly()) : Anything();
  const int copies = std::min(min, kMaxCopies);
  MatchLiterals result = x;
  for (int i = 1; i < copies; ++i) result = Concat(result, x);
  if (max == copies) return result;
  // More may follow. What begins the first copies begins the whole, and what ends the last ones
  // ends it.
  if (result.exact_) {
    result.exact_ = false;
    result.tail_ = result.head_;
  }
  return result;
}

LiteralSet MatchLiterals::Best() const { return BetterSet(BetterSet(head(), tail()), inside_); }

}  // namespace tallybell
