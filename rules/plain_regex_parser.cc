// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/plain_regex_parser.h"

#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

// \d, \s, \w and the opposites of all three; nullopt for other letters.
std::optional<CharacterSet> SetOfLetter(char letter) {
  CharacterSet set;
  for (size_t c = 0; c < 128; ++c) {
    const auto byte = static_cast<unsigned char>(c);
    switch (absl::ascii_tolower(static_cast<unsigned char>(letter))) {
      case 'd':
        set.ascii[c] = absl::ascii_isdigit(byte);
        break;
      case 's':
        // No \v, unlike elsewhere.
        set.ascii[c] = c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
        break;
      case 'w':
        set.ascii[c] = absl::ascii_isalnum(byte) || c == '_';
        break;
      default:
        return std::nullopt;
    }
  }
  if (absl::ascii_isupper(static_cast<unsigned char>(letter))) {
    set.ascii.flip();
    set.others = true;
  }
  return set;
}

// The character that a backslash and `c` stand for.
std::optional<char> Unescaped(char c) {
  static constexpr absl::string_view kLetters = "aftnrv";
  static constexpr absl::string_view kMeanings = "\a\f\t\n\r\v";
  const size_t at = kLetters.find(c);
  if (at != absl::string_view::npos) return kMeanings[at];
  const auto byte = static_cast<unsigned char>(c);
  if (absl::ascii_ispunct(byte) || c == ' ') return c;
  return std::nullopt;
}

class Parser {
 public:
  explicit Parser(absl::string_view regex) : rest_(regex) {}

  std::optional<std::vector<PlainAtom>> Parse() {
    while (!rest_.empty()) {
      if (!ParseOne()) return std::nullopt;
    }
    if (!open_.empty()) return std::nullopt;
    return std::move(atoms_);
  }

 private:
  // Each takes what it stands for off the front of rest_, and says whether it is known.

  bool ParseOne() {
    switch (rest_[0]) {
      case '(':
        return ParseOpen();
      case ')':
        return ParseClose();
      case '^':
        return ParseAnchor(PlainAtom::Kind::kBegin, 1);
      case '$':
        return ParseAnchor(PlainAtom::Kind::kEnd, 1);
      case '[':
        return ParseBrackets();
      case '.':
        rest_.remove_prefix(1);
        return ParseRepeat(AllButNewline());
      case '\\':
        return ParseEscape();
      case '|':
      case '*':
      case '+':
      case '?':
      case '{':
        return false;
      default:
        return ParseCharacter();
    }
  }

  static CharacterSet AllButNewline() {
    CharacterSet set;
    set.ascii.set();
    set.ascii.reset('\n');
    set.others = true;
    return set;
  }

  bool ParseOpen() {
    rest_.remove_prefix(1);
    int group = 0;
    if (absl::ConsumePrefix(&rest_, "?P<")) {
      size_t name = 0;
      while (name < rest_.size() &&
             (absl::ascii_isalnum(static_cast<unsigned char>(rest_[name])) || rest_[name] == '_')) {
        ++name;
      }
      rest_.remove_prefix(name);
      if (name == 0 || !absl::ConsumePrefix(&rest_, ">")) return false;
      group = ++groups_;
    } else if (!absl::ConsumePrefix(&rest_, "?:")) {
      group = ++groups_;
    }
    if (AtQuantifier()) return false;
    open_.push_back(group);
    if (group > 0) AddMark(PlainAtom::Kind::kOpen, group);
    return true;
  }

  bool ParseClose() {
    if (open_.empty()) return false;
    rest_.remove_prefix(1);
    const int group = open_.back();
    open_.pop_back();
    if (group > 0) AddMark(PlainAtom::Kind::kClose, group);
    return !AtQuantifier();
  }

  bool ParseAnchor(PlainAtom::Kind kind, size_t size) {
    rest_.remove_prefix(size);
    AddMark(kind, 0);
    return !AtQuantifier();
  }

  bool ParseEscape() {
    if (rest_.size() < 2) return false;
    const char c = rest_[1];
    if (c == 'A') return ParseAnchor(PlainAtom::Kind::kBegin, 2);
    if (c == 'z') return ParseAnchor(PlainAtom::Kind::kEnd, 2);
    rest_.remove_prefix(2);
    if (const std::optional<CharacterSet> set = SetOfLetter(c); set.has_value()) {
      return ParseRepeat(*set);
    }
    const std::optional<char> character = Unescaped(c);
    return character.has_value() && AddCharacter(absl::string_view(&*character, 1));
  }

  bool ParseCharacter() {
    size_t size = 1;
    while (size < rest_.size() && (static_cast<unsigned char>(rest_[size]) & 0xC0) == 0x80) ++size;
    const absl::string_view character = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return AddCharacter(character);
  }

  bool AddCharacter(absl::string_view character) {
    if (AtQuantifier()) {
      if (character.size() > 1) return false;
      CharacterSet set;
      set.ascii.set(static_cast<unsigned char>(character[0]));
      return ParseRepeat(set);
    }
    if (atoms_.empty() || atoms_.back().kind != PlainAtom::Kind::kText) atoms_.emplace_back();
    atoms_.back().text.append(character.data(), character.size());
    return true;
  }

  // From the opening bracket to the closing one, and what may follow.
  bool ParseBrackets() {
    rest_.remove_prefix(1);
    const bool negated = absl::ConsumePrefix(&rest_, "^");
    CharacterSet set;
    // A closing bracket that stands first is one of the characters.
    for (bool first = true; first || !absl::ConsumePrefix(&rest_, "]"); first = false) {
      if (!ParseMember(&set)) return false;
    }
    if (negated) {
      set.ascii.flip();
      set.others = !set.others;
    }
    return ParseRepeat(set);
  }

  // A character, a range, or a set's letter.
  bool ParseMember(CharacterSet* set) {
    // [:alpha:] and the like.
    if (rest_.size() < 2 || (rest_[0] == '[' && rest_[1] == ':')) return false;
    if (rest_[0] == '\\') {
      if (const std::optional<CharacterSet> part = SetOfLetter(rest_[1]); part.has_value()) {
        rest_.remove_prefix(2);
        set->ascii |= part->ascii;
        set->others |= part->others;
        return true;
      }
    }
    const std::optional<char> low = TakeMember();
    std::optional<char> high = low;
    if (rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']') {
      rest_.remove_prefix(1);
      high = TakeMember();
    }
    if (!low.has_value() || !high.has_value() || *low > *high) return false;
    for (int c = *low; c <= *high; ++c) set->ascii.set(static_cast<size_t>(c));
    return true;
  }

  // One character of ASCII.
  std::optional<char> TakeMember() {
    if (rest_.empty() || !absl::ascii_isascii(static_cast<unsigned char>(rest_[0]))) {
      return std::nullopt;
    }
    std::optional<char> character = rest_[0];
    if (rest_[0] == '\\') {
      rest_.remove_prefix(1);
      if (rest_.empty()) return std::nullopt;
      character = Unescaped(rest_[0]);
    }
    rest_.remove_prefix(1);
    return character;
  }

  bool AtQuantifier() const {
    return !rest_.empty() && absl::string_view("*+?{").find(rest_[0]) != absl::string_view::npos;
  }

  // What says how often the characters of `set`, which was taken already, come.
  bool ParseRepeat(const CharacterSet& set) {
    PlainAtom atom;
    atom.kind = PlainAtom::Kind::kRepeat;
    atom.set = set;
    if (AtQuantifier()) {
      const char quantifier = rest_[0];
      rest_.remove_prefix(1);
      if (quantifier == '{') {
        if (!ParseCounts(&atom)) return false;
      } else {
        atom.min = quantifier == '+' ? 1 : 0;
        atom.max = quantifier == '?' ? 1 : PlainAtom::kNoMax;
      }
      atom.lazy = absl::ConsumePrefix(&rest_, "?");
      if (AtQuantifier()) return false;
    }
    atoms_.push_back(std::move(atom));
    return true;
  }

  // "N}", "N,}" and "N,M}".
  bool ParseCounts(PlainAtom* atom) {
    const size_t end = rest_.find('}');
    if (end == absl::string_view::npos) return false;
    const absl::string_view counts = rest_.substr(0, end);
    const absl::string_view low = counts.substr(0, counts.find(','));
    if (!ParseCount(low, &atom->min)) return false;
    if (low.size() == end) {
      atom->max = atom->min;
    } else if (low.size() + 1 == end) {
      atom->max = PlainAtom::kNoMax;
    } else if (!ParseCount(counts.substr(low.size() + 1), &atom->max)) {
      return false;
    }
    rest_.remove_prefix(end + 1);
    return atom->max > 0 && atom->min <= atom->max;
  }

  static bool ParseCount(absl::string_view digits, uint32_t* count) {
    if (digits.empty() || digits.size() > 3) return false;
    for (const char c : digits) {
      if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
    }
    // RE2 takes {007} for text.
    return (digits.size() == 1 || digits[0] != '0') && absl::SimpleAtoi(digits, count);
  }

  void AddMark(PlainAtom::Kind kind, int group) {
    atoms_.emplace_back();
    atoms_.back().kind = kind;
    atoms_.back().group = group;
  }

  absl::string_view rest_;
  std::vector<PlainAtom> atoms_;
  int groups_ = 0;
  std::vector<int> open_;  // 0 for those that are not numbered
};

}  // namespace

std::optional<std::vector<PlainAtom>> ParsePlainRegex(absl::string_view regex) {
  if (ValidUtf8Prefix(regex) != regex.size()) return std::nullopt;
  return Parser(regex).Parse();
}

}  // namespace tallybell
