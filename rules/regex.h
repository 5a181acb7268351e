// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// RE2 with this project's options and budget, for every regex of a rule file.
#ifndef TALLYBELL_RULES_REGEX_H_
#define TALLYBELL_RULES_REGEX_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace re2 {
class RE2;
}

namespace tallybell {

// The longest line that a regex meets (docs/rules.md, "Limits").
inline constexpr size_t kMaxLineBytes = 256 * 1024;

// Program size times line bytes that a regex may have: what is larger is refused.
inline constexpr size_t kRegexBudget = 1500 * kMaxLineBytes;

// Program size times bytes that one search may cost. RE2 is linear, but the factor is the size of
// the program: the worst text takes 4 to 7 ns for each, so that no search takes much more than
// 100 ms, while what people write stays below a millisecond. A regex of more than 64 steps pays
// with its reach.
inline constexpr size_t kSearchBudget = 64 * kMaxLineBytes;

enum class RegexUse {
  kSearch,            // anywhere in a line
  kSearchIgnoreCase,  // the same, in any case
  kWhole,             // the whole of a value, in which "." also stands for a newline
};

using CompiledRegex = std::shared_ptr<const re2::RE2>;

// InvalidArgument (a TextFault) if `regex` is not UTF-8, does not compile, uses \C (which would
// split characters) or is over the budget.
absl::StatusOr<CompiledRegex> CompileRegex(absl::string_view regex, RegexUse use);

// Where a search in a text of `size` bytes ends: there, or, counted, at the regex's reach. What is
// behind is not looked at, but is not taken for the end of the text either.
size_t SearchEnd(const re2::RE2& regex, size_t size);
// Bytes from the beginning of a text that a search looks at.
size_t RegexReach(const re2::RE2& regex);
// Searches in this process that ended before their texts did. Thread-safe.
int64_t RegexTextsCut();

// False, and counted, of a value that is longer than the regex's reach.
bool MatchesWhole(const re2::RE2& regex, absl::string_view value);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_REGEX_H_
