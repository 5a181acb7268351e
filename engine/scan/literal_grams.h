// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SCAN_LITERAL_GRAMS_H_
#define TALLYBELL_ENGINE_SCAN_LITERAL_GRAMS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/scan/scan_literal.h"

namespace tallybell {

// Neighbouring bytes that stand for the literals that have them: only where they are can one of
// those be. Sets of rules name the same things again and again, so few grams stand for many
// literals.
struct LiteralGram {
  static constexpr size_t kBytes = 4;

  // A literal, as its place in the list, and where in it the gram begins, in bytes.
  struct Member {
    uint32_t literal;
    uint32_t at;
  };

  // kBytes, or two or three that any byte may follow; small letters if case is ignored.
  std::string bytes;
  bool ignore_case = false;
  std::vector<Member> members;
};

// At most `most` grams, rare in logs and few, so that each of `literals` is a member of one. Empty
// if there are none: a literal of one byte, too many that have nothing in common, or more than
// 256 KiB of literals, which would take too much memory to choose from.
std::vector<LiteralGram> ChooseGrams(const std::vector<ScanLiteral>& literals, size_t most);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_LITERAL_GRAMS_H_
