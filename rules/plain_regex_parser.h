// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The part of RE2's syntax that is a sequence without choices between its parts.
#ifndef TALLYBELL_RULES_PLAIN_REGEX_PARSER_H_
#define TALLYBELL_RULES_PLAIN_REGEX_PARSER_H_

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tallybell {

// Characters: those of ASCII one by one, all others together.
struct CharacterSet {
  std::bitset<128> ascii;
  bool others = false;

  bool DisjointFrom(const CharacterSet& other) const {
    return (ascii & other.ascii).none() && !(others && other.others);
  }
};

// One part of the sequence.
struct PlainAtom {
  enum class Kind {
    kText,    // `text`
    kRepeat,  // `min` to `max` characters of `set`
    kOpen,    // group `group` begins
    kClose,   // group `group` ends
    kBegin,   // the text begins
    kEnd,     // the text ends
  };
  static constexpr uint32_t kNoMax = UINT32_MAX;

  Kind kind = Kind::kText;
  std::string text;  // whole characters, at least one
  CharacterSet set;
  uint32_t min = 1;
  uint32_t max = 1;
  bool lazy = false;  // as few as possible
  int group = 0;      // from 1, in the order of the opening brackets
};

// The parts of `regex` in their order, or nullopt if it uses anything that is not known here, such
// as alternatives, flags, repeated groups and sets with characters that are not ASCII. What RE2
// refuses may be taken.
std::optional<std::vector<PlainAtom>> ParsePlainRegex(absl::string_view regex);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_PLAIN_REGEX_PARSER_H_
