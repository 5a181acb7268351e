// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/regex_literals.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/scan/regex_characters.h"

namespace tallybell {
namespace {

constexpr size_t kMaxRegexBytes = 64 * 1024;
constexpr int kMaxDepth = 100;
// Characters of a class that is still spelled out.
constexpr int kMaxClass = 8;

// What is known of a text that matches the one character `rune`.
MatchLiterals LiteralsOfRune(int32_t rune, bool ignore_case, FoldedLetters folded) {
  // What cleaning and unwrapping change must not be looked for.
  const bool control = rune < 0x20 && rune != '\t';
  const bool replacement = rune == 0xFFFD || (rune >= 0xD800 && rune < 0xE000) || rune > 0x10FFFF;
  if (control || replacement) return MatchLiterals::Anything();
  if (!ignore_case) return MatchLiterals::Exactly({Utf8Of(rune), false});
  if (rune >= 0x80) return MatchLiterals::Anything();
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(rune));
  const bool letter = absl::ascii_isalpha(static_cast<unsigned char>(lower));
  const MatchLiterals ascii = MatchLiterals::Exactly({std::string(1, lower), letter});
  if (lower != 'k' && lower != 's') return ascii;
  if (folded == FoldedLetters::kCut) return MatchLiterals::Anything();
  const int32_t other = lower == 'k' ? 0x212A : 0x17F;
  return MatchLiterals::Either(ascii, MatchLiterals::Exactly({Utf8Of(other), false}));
}

// A recursive descent over alternation, concatenation, repetition and atom. It trusts that RE2
// accepts the regex and gives up where it is not sure to read it as RE2 does.
class RegexReader {
 public:
  RegexReader(absl::string_view regex, bool ignore_case, FoldedLetters folded)
      : rest_(regex), ignore_case_(ignore_case), folded_(folded) {}

  MatchLiterals Read() {
    if (rest_.size() > kMaxRegexBytes) return MatchLiterals::Anything();
    const MatchLiterals result = ReadAlternation();
    return given_up_ || !rest_.empty() ? MatchLiterals::Anything() : result;
  }

 private:
  MatchLiterals GiveUp() {
    given_up_ = true;
    return MatchLiterals::Anything();
  }

  bool AtEndOfBranch() const {
    if (given_up_ || rest_.empty()) return true;
    return !quoted_ && (rest_[0] == '|' || rest_[0] == ')');
  }

  bool AtRepetition() const {
    if (rest_.empty()) return false;
    const char c = rest_[0];
    return c == '*' || c == '+' || c == '?' ||
           (c == '{' && rest_.size() > 1 && absl::ascii_isdigit(rest_[1]));
  }

  MatchLiterals ReadAlternation() {
    MatchLiterals result = ReadBranch();
    while (!given_up_ && absl::ConsumePrefix(&rest_, "|")) {
      result = MatchLiterals::Either(result, ReadBranch());
    }
    return result;
  }

  MatchLiterals ReadBranch() {
    MatchLiterals result = MatchLiterals::Exactly();
    while (!AtEndOfBranch()) {
      MatchLiterals atom = ReadAtom();
      result = MatchLiterals::Concat(result, ReadRepetitions(std::move(atom)));
    }
    return result;
  }

  MatchLiterals ReadRepetitions(MatchLiterals atom) {
    while (!given_up_ && !quoted_ && !rest_.empty()) {
      int min = 0;
      int max = -1;
      if (absl::ConsumePrefix(&rest_, "*")) {
      } else if (absl::ConsumePrefix(&rest_, "+")) {
        min = 1;
      } else if (absl::ConsumePrefix(&rest_, "?")) {
        max = 1;
      } else if (rest_.size() > 1 && rest_[0] == '{' && absl::ascii_isdigit(rest_[1])) {
        if (!TakeCounts(&min, &max)) return GiveUp();
      } else {
        return atom;
      }
      absl::ConsumePrefix(&rest_, "?");  // as few as can be, which changes no match
      atom = MatchLiterals::Repeat(atom, min, max);
    }
    return atom;
  }

  // {2}, {2,} or {2,5}.
  bool TakeCounts(int* min, int* max) {
    rest_.remove_prefix(1);
    if (!TakeCount(min)) return false;
    *max = *min;
    if (absl::ConsumePrefix(&rest_, ",")) {
      *max = -1;
      if (!absl::StartsWith(rest_, "}") && !TakeCount(max)) return false;
    }
    return absl::ConsumePrefix(&rest_, "}");
  }

  bool TakeCount(int* count) {
    size_t digits = 0;
    *count = 0;
    while (digits < rest_.size() && absl::ascii_isdigit(rest_[digits])) {
      if (digits == 4) return false;  // RE2 allows up to 1000
      *count = *count * 10 + (rest_[digits++] - '0');
    }
    // What RE2 makes of leading zeros is not worth knowing.
    if (digits == 0 || (digits > 1 && rest_[0] == '0')) return false;
    rest_.remove_prefix(digits);
    return true;
  }

  MatchLiterals ReadAtom() {
    if (quoted_) return ReadQuoted();
    if (AtRepetition()) return GiveUp();
    switch (rest_[0]) {
      case '(':
        return ReadGroup();
      case '[':
        return ReadClass();
      case '\\':
        return ReadEscape();
      case '.':
        rest_.remove_prefix(1);
        return MatchLiterals::Anything();
      case '^':
      case '$':
        rest_.remove_prefix(1);
        return MatchLiterals::Exactly();
      default:
        break;
    }
    return Literally(TakeCharacter(&rest_));
  }

  MatchLiterals Literally(int32_t rune) {
    return rune == kNoCharacter ? GiveUp() : LiteralsOfRune(rune, ignore_case_, folded_);
  }

  // One character between \Q and \E.
  MatchLiterals ReadQuoted() {
    MatchLiterals result = Literally(TakeCharacter(&rest_));
    if (absl::ConsumePrefix(&rest_, "\\E")) quoted_ = false;
    return result;
  }

  MatchLiterals ReadGroup() {
    rest_.remove_prefix(1);
    const bool outer_ignore_case = ignore_case_;
    if (absl::ConsumePrefix(&rest_, "?P<") || absl::ConsumePrefix(&rest_, "?<")) {
      const size_t end = rest_.find('>');
      if (end == absl::string_view::npos || end == 0 || rest_[0] == '=' || rest_[0] == '!') {
        return GiveUp();
      }
      rest_.remove_prefix(end + 1);
    } else if (absl::ConsumePrefix(&rest_, "?")) {
      bool ends_here = false;
      if (!TakeFlags(&ends_here)) return GiveUp();
      // (?i) holds for the rest of the group around it. RE2 lets a repetition behind it reach for
      // the atom before it.
      if (ends_here) return AtRepetition() ? GiveUp() : MatchLiterals::Exactly();
    }
    if (++depth_ > kMaxDepth) return GiveUp();
    MatchLiterals result = ReadAlternation();
    --depth_;
    ignore_case_ = outer_ignore_case;
    return absl::ConsumePrefix(&rest_, ")") ? result : GiveUp();
  }

  // Up to and with the colon or the bracket.
  bool TakeFlags(bool* ends_here) {
    bool value = true;
    while (!rest_.empty()) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == ':' || c == ')') {
        *ends_here = c == ')';
        return true;
      }
      if (c == 'i') {
        ignore_case_ = value;
      } else if (c == '-') {
        value = false;
      } else if (c != 'm' && c != 's' && c != 'U') {
        return false;
      }
    }
    return false;
  }

  MatchLiterals ReadEscape() {
    if (rest_.size() < 2) return GiveUp();
    switch (rest_[1]) {
      case 'A':
      case 'b':
      case 'B':
      case 'z':
        rest_.remove_prefix(2);
        return MatchLiterals::Exactly();
      case 'C':
        rest_.remove_prefix(2);
        return MatchLiterals::Anything();
      case 'Q':
        rest_.remove_prefix(2);
        if (absl::StartsWith(rest_, "\\E")) return GiveUp();
        quoted_ = true;
        return rest_.empty() ? GiveUp() : ReadQuoted();
      default:
        break;
    }
    if (TakeNamedClass()) return MatchLiterals::Anything();
    return Literally(TakeEscaped(&rest_));
  }

  // \d, \pL, \p{Greek} and the like.
  bool TakeNamedClass() {
    static constexpr absl::string_view kNamed = "dDsSwWpP";
    if (rest_.size() < 2 || kNamed.find(rest_[1]) == absl::string_view::npos) return false;
    const bool unicode = rest_[1] == 'p' || rest_[1] == 'P';
    rest_.remove_prefix(2);
    if (!unicode) return true;
    const size_t end = absl::StartsWith(rest_, "{") ? rest_.find('}') : 0;
    if (end == absl::string_view::npos || rest_.empty()) {
      GiveUp();
      return true;
    }
    rest_.remove_prefix(end + 1);
    return true;
  }

  MatchLiterals ReadClass() {
    rest_.remove_prefix(1);
    bool spelled_out = !absl::ConsumePrefix(&rest_, "^");
    MatchLiterals result;
    int count = 0;
    for (bool first = true; first || !absl::StartsWith(rest_, "]"); first = false) {
      if (given_up_ || rest_.empty()) return GiveUp();
      int32_t low = 0;
      int32_t high = 0;
      if (!TakeRange(&low, &high)) {
        spelled_out = false;
        continue;
      }
      if (given_up_ || low > high) return GiveUp();
      spelled_out = spelled_out && high - low < kMaxClass && count + high - low < kMaxClass;
      for (int32_t rune = low; spelled_out && rune <= high; ++rune) {
        const MatchLiterals one = LiteralsOfRune(rune, ignore_case_, folded_);
        result = count++ == 0 ? one : MatchLiterals::Either(result, one);
      }
    }
    rest_.remove_prefix(1);
    return spelled_out ? result : MatchLiterals::Anything();
  }

  // One member of a class: a character, or a range of them. False for a named class.
  bool TakeRange(int32_t* low, int32_t* high) {
    if (absl::StartsWith(rest_, "[:")) {
      const size_t end = rest_.find(":]");
      if (end != absl::string_view::npos) {
        rest_.remove_prefix(end + 2);
        return false;
      }
    }
    if (rest_[0] == '\\' && TakeNamedClass()) return false;
    *low = *high = TakeClassRune();
    if (rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']') {
      rest_.remove_prefix(1);
      *high = TakeClassRune();
    }
    return true;
  }

  int32_t TakeClassRune() {
    const int32_t rune =
        absl::StartsWith(rest_, "\\") ? TakeEscaped(&rest_) : TakeCharacter(&rest_);
    if (rune == kNoCharacter) GiveUp();
    return rune;
  }

  absl::string_view rest_;
  bool ignore_case_;
  const FoldedLetters folded_;
  bool quoted_ = false;  // between \Q and \E
  bool given_up_ = false;
  int depth_ = 0;
};

}  // namespace

MatchLiterals LiteralsOfRegex(absl::string_view regex, bool ignore_case, FoldedLetters folded) {
  return RegexReader(regex, ignore_case, folded).Read();
}

MatchLiterals LiteralsOfText(absl::string_view text, bool ignore_case, FoldedLetters folded) {
  MatchLiterals result = MatchLiterals::Exactly();
  while (!text.empty()) {
    const int32_t rune = TakeCharacter(&text);
    // A byte that is in no character is in no cleaned line either.
    if (rune == kNoCharacter) text.remove_prefix(1);
    result = MatchLiterals::Concat(result, rune == kNoCharacter
                                               ? MatchLiterals::Anything()
                                               : LiteralsOfRune(rune, ignore_case, folded));
  }
  return result;
}

}  // namespace tallybell
