// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_PATTERN_H_
#define TALLYBELL_RULES_PATTERN_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace re2 {
class RE2;
}

namespace tallybell {

class LiteralSearch;
class PlainRegex;

// Names of groups and what they hold. Few regexes have more than four.
using Captures = absl::InlinedVector<std::pair<absl::string_view, absl::string_view>, 4>;

// One thing to look for in a line: a literal, or an RE2 regex. Immutable and thread-safe once made.
class Pattern {
 public:
  static Pattern Literal(std::string text);
  // InvalidArgument if the regex does not compile or is too large for the budget of
  // docs/rules.md ("Limits"): program size times line bytes.
  static absl::StatusOr<Pattern> Regex(std::string regex, bool ignore_case);

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  bool is_literal() const { return regex_ == nullptr; }
  // The literal, or the regex without its slashes.
  const std::string& text() const { return text_; }
  bool ignore_case() const { return ignore_case_; }

  // Whether `line` holds the literal or a match of the regex, and where. A large regex looks at the
  // beginning of a long line only (docs/rules.md, "Limits"). `line` is valid UTF-8;
  // `match` may be null for those who need not know, which is faster.
  bool Find(absl::string_view line, absl::string_view* match) const;

  // The same, with the regex's named groups; those that did not take part are left out. The names
  // are views into this pattern, the values into `line`.
  bool FindCaptures(absl::string_view line, absl::string_view* match, Captures* captures) const;

  // Whether looking for it costs little more than looking at the line once: RE2 may take
  // microseconds for what it does not find.
  bool is_quick() const { return is_literal() || plain_ != nullptr; }

  // Names of the regex's named groups.
  const std::vector<std::string>& capture_names() const { return capture_names_; }

 private:
  Pattern() = default;

  // Whether plain_ may answer for `line`.
  bool IsPlain(absl::string_view line) const {
    return plain_ != nullptr && line.size() <= plain_reach_;
  }

  std::string text_;
  bool ignore_case_ = false;
  std::shared_ptr<const LiteralSearch> literal_;  // null for a regex
  std::shared_ptr<const re2::RE2> regex_;         // null for a literal
  std::shared_ptr<const PlainRegex> plain_;  // gives the same as regex_; null if it is not plain
  size_t plain_reach_ = 0;                   // bytes: lines that are longer are for regex_
  std::vector<std::string> capture_names_;
  std::vector<int> capture_indices_;  // of capture_names_, in the same order
};

}  // namespace tallybell

#endif  // TALLYBELL_RULES_PATTERN_H_
