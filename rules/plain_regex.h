// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_PLAIN_REGEX_H_
#define TALLYBELL_RULES_PLAIN_REGEX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/literal_search.h"

namespace tallybell {

struct PlainAtom;

// A regex in which every step but the first is told by what stands there, so that its groups are
// found several times faster than RE2 finds them: texts and sets of characters, repeated or not,
// one after another (docs/decisions/0015-plain-regexes-find-their-groups-without-re2.md). What it
// finds is what RE2 finds, in any bytes. Immutable and thread-safe.
class PlainRegex {
 public:
  static constexpr int kMaxGroups = 16;
  static constexpr size_t kMaxText = 512;  // bytes of the regex

  // Where the groups of a match are.
  class Groups {
   public:
    // `number` counts from 1. All groups take part in a match.
    absl::string_view operator[](int number) const {
      const char* const begin = marks_[static_cast<size_t>(number) * 2 - 2];
      return {begin, static_cast<size_t>(marks_[static_cast<size_t>(number) * 2 - 1] - begin)};
    }

   private:
    friend class PlainRegex;
    const char* marks_[2 * kMaxGroups];  // begin and end of each; undefined before a match
  };

  // nullopt for a regex that is not surely plain. `regex` is one that RE2 takes; case matters.
  static std::optional<PlainRegex> Compile(absl::string_view regex);

  // Whether `line` holds a match, where the leftmost is, and its groups. The time grows with the
  // line, and not with its square. `match` and `groups` may be null.
  bool Find(absl::string_view line, absl::string_view* match, Groups* groups) const;

 private:
  static constexpr size_t kMaxRuns = 16;

  struct Step {
    enum class Kind : uint8_t {
      kText,  // the `size` bytes of texts_ at `place`
      kRun,   // as many characters of sets_[place] as there are, at least `min`: 0 or 1
      kSome,  // the same, but at most `max`
      kMark,  // the groups' mark `place` is `size` bytes back
    };
    Kind kind = Kind::kText;
    uint8_t run = 0;  // of a kRun: which it is
    uint32_t place = 0;
    uint32_t size = 0;
    uint32_t min = 0;
    uint32_t max = 0;
  };
  struct ByteSet {
    std::array<bool, 256> ascii;  // false from 128 on
    bool others;                  // all other characters
  };
  // A text with marks in it, and what comes after it.
  struct Part;
  // What one search remembers of its attempts.
  struct Search;

  PlainRegex() : first_("") {}
  bool AddAtoms(const std::vector<PlainAtom>& atoms, std::vector<Part>* parts);
  static bool CanBeLookedFor(const std::vector<Part>& parts);
  bool AddSteps(const std::vector<Part>& parts);
  void AddText(const Part& part, bool back, bool found);
  bool AddRepeat(const PlainAtom& atom);
  // Where `steps` end that begin at `at`, or null if the line is not so.
  template <bool kBack>
  const char* Walk(const std::vector<Step>& steps, const char* at, Search* search) const;
  template <bool kBack>
  const char* Run(const Step& step, const char* at, Search* search) const;
  template <bool kBack>
  const char* Some(const Step& step, const char* at, const Search& search) const;

  bool at_begin_ = false;
  bool at_end_ = false;
  bool backwards_ = false;          // steps_ go from the line's end to the left
  LiteralSearch first_;             // the first text; empty if it need not be looked for
  std::vector<Step> before_first_;  // to the left
  std::vector<Step> steps_;         // to the right, behind the first text if it is looked for
  std::string texts_;
  std::vector<ByteSet> sets_;
  size_t runs_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_RULES_PLAIN_REGEX_H_
