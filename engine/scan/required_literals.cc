// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/required_literals.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "engine/scan/match_literals.h"
#include "engine/scan/regex_literals.h"

namespace tallybell {
namespace {

// With literals at least this long there is no gain in spelling out what k and s fold to.
constexpr size_t kLongEnough = 4;

// The window of kMaxRequiredBytes with the most distinct bytes: a run of dashes says little.
std::string BestPiece(absl::string_view text) {
  if (text.size() <= kMaxRequiredBytes) return std::string(text);
  std::array<int, 256> seen = {};
  int distinct = 0;
  int most = 0;
  size_t best = 0;
  for (size_t end = 0; end < text.size(); ++end) {
    if (seen[static_cast<unsigned char>(text[end])]++ == 0) ++distinct;
    if (end >= kMaxRequiredBytes &&
        --seen[static_cast<unsigned char>(text[end - kMaxRequiredBytes])] == 0) {
      --distinct;
    }
    if (end + 1 >= kMaxRequiredBytes && distinct > most) {
      most = distinct;
      best = end + 1 - kMaxRequiredBytes;
    }
  }
  return std::string(text.substr(best, kMaxRequiredBytes));
}

bool FindsAllOf(const ScanLiteral& shorter, const ScanLiteral& longer) {
  if (shorter.ignore_case) {
    return absl::AsciiStrToLower(longer.text).find(shorter.text) != std::string::npos;
  }
  return !longer.ignore_case && longer.text.find(shorter.text) != std::string::npos;
}

// Takes out each literal that holds another one.
LiteralSet Minimal(LiteralSet set) {
  std::sort(set.begin(), set.end());
  set.erase(std::unique(set.begin(), set.end()), set.end());
  LiteralSet minimal;
  for (const ScanLiteral& literal : set) {
    const bool superfluous = std::any_of(set.begin(), set.end(), [&](const ScanLiteral& other) {
      return !(other == literal) && FindsAllOf(other, literal);
    });
    if (!superfluous) minimal.push_back(literal);
  }
  return minimal;
}

std::vector<ScanLiteral> Usable(LiteralSet set) {
  for (ScanLiteral& literal : set) {
    if (literal.text.size() < kMinLiteralBytes) return {};
    literal.text = BestPiece(literal.text);
    literal = NormalLiteral(std::move(literal));
  }
  return Minimal(std::move(set));
}

bool LongEnough(const LiteralSet& set) {
  return std::all_of(set.begin(), set.end(),
                     [](const ScanLiteral& literal) { return literal.text.size() >= kLongEnough; });
}

// k and s end a literal where case is ignored, which is cheap to look for; where that leaves too
// little, all that they fold to is spelled out.
template <typename Read>
std::vector<ScanLiteral> BestOfBoth(bool ignores_case, Read read) {
  LiteralSet cut = read(FoldedLetters::kCut);
  if (!ignores_case || LongEnough(cut)) return Usable(std::move(cut));
  return Usable(BetterSet(cut, read(FoldedLetters::kSpellOut)));
}

}  // namespace

std::vector<ScanLiteral> RequiredLiterals(absl::string_view regex, bool ignore_case) {
  const bool ignores_case = ignore_case || regex.find("(?") != absl::string_view::npos;
  return BestOfBoth(ignores_case, [&](FoldedLetters folded) {
    return LiteralsOfRegex(regex, ignore_case, folded).Best();
  });
}

std::vector<ScanLiteral> RequiredLiteralsOfText(absl::string_view text, bool ignore_case) {
  return BestOfBoth(ignore_case, [&](FoldedLetters folded) {
    return LiteralsOfText(text, ignore_case, folded).Best();
  });
}

}  // namespace tallybell
