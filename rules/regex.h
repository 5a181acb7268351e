// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// RE2 with this project's options and budget, for every regex of a rule file.
#ifndef TALLYBELL_RULES_REGEX_H_
#define TALLYBELL_RULES_REGEX_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace re2 {
class RE2;
}

namespace tallybell {

// The longest line that a regex meets (docs/rules.md, "Limits").
inline constexpr size_t kMaxLineBytes = 256 * 1024;

// Program size times line bytes that one search may cost at worst. RE2 is linear, but the factor
// is the size of the program: at this limit the worst line takes about 2.5 seconds, while what
// people write stays below a millisecond.
inline constexpr size_t kRegexBudget = 1500 * kMaxLineBytes;

enum class RegexUse {
  kSearch,            // anywhere in a line
  kSearchIgnoreCase,  // the same, in any case
  kWhole,             // the whole of a value, in which "." also stands for a newline
};

using CompiledRegex = std::shared_ptr<const re2::RE2>;

// InvalidArgument (a TextFault) if `regex` is not UTF-8, does not compile, uses \C (which would
// split characters) or is over the budget.
absl::StatusOr<CompiledRegex> CompileRegex(absl::string_view regex, RegexUse use);

bool MatchesWhole(const re2::RE2& regex, absl::string_view value);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_REGEX_H_
