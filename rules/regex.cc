// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/regex.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/utf8.h"
#include "re2/re2.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

// Memory for one regex's program and its cache of states.
constexpr int64_t kMaxRegexMemory = 8 << 20;

// Longer texts than this cannot be within the budget, and need not be parsed to know it.
constexpr size_t kMaxRegexText = 64 * 1024;

constexpr absl::string_view kBudgetAdvice =
    "make it shorter, lower its repetition counts, or split it into a list of patterns";

std::atomic<int64_t> texts_cut = 0;

// The place of a \C outside of \Q...\E, or npos.
size_t FindAnyByte(absl::string_view regex) {
  for (size_t i = 0; i + 1 < regex.size(); ++i) {
    if (regex[i] != '\\') continue;
    if (regex[i + 1] == 'C') return i;
    if (regex[i + 1] == 'Q') {
      const size_t end = regex.find("\\E", i + 2);
      if (end == absl::string_view::npos) return end;
      i = end;
    }
    ++i;
  }
  return absl::string_view::npos;
}

size_t FaultOffset(absl::string_view regex, const std::string& part) {
  if (part.empty()) return 0;
  const size_t found = regex.find(part);
  return found == absl::string_view::npos ? 0 : found;
}

absl::Status DoesNotCompile(const re2::RE2& compiled, absl::string_view regex) {
  if (compiled.error_code() == re2::RE2::ErrorPatternTooLarge) {
    return TextFault(0, "the regex is too large", kBudgetAdvice);
  }
  absl::string_view advice;
  if (compiled.error_code() == re2::RE2::ErrorBadEscape) {
    advice = "back-references do not exist in RE2; a literal backslash is \\\\";
  } else if (compiled.error_code() == re2::RE2::ErrorBadPerlOp) {
    advice = "look-ahead and look-behind do not exist in RE2; try exclude";
  } else if (compiled.error_code() == re2::RE2::ErrorRepeatSize) {
    advice = "a repetition may count to 1000";
  }
  return TextFault(FaultOffset(regex, compiled.error_arg()),
                   absl::StrCat("the regex does not compile: ", compiled.error()), advice);
}

}  // namespace

absl::StatusOr<CompiledRegex> CompileRegex(absl::string_view regex, RegexUse use) {
  const size_t valid = ValidUtf8Prefix(regex);
  if (valid != regex.size()) return TextFault(valid, "the regex is not valid UTF-8");
  if (regex.size() > kMaxRegexText) {
    return TextFault(0, "the regex is longer than 64 KiB", kBudgetAdvice);
  }
  if (const size_t at = FindAnyByte(regex); at != absl::string_view::npos) {
    return TextFault(at, "\\C would match half a character", "use . for any character");
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemory);
  options.set_case_sensitive(use != RegexUse::kSearchIgnoreCase);
  options.set_dot_nl(use == RegexUse::kWhole);
  auto compiled =
      std::make_shared<const re2::RE2>(re2::StringPiece{regex.data(), regex.size()}, options);
  if (!compiled->ok()) return DoesNotCompile(*compiled, regex);
  const size_t size = compiled->ProgramSize();
  if (size * kMaxLineBytes > kRegexBudget) {
    return TextFault(0,
                     absl::StrCat("the regex is too costly: its program has ", size,
                                  " steps for each byte of a line, and ",
                                  kRegexBudget / kMaxLineBytes, " are allowed"),
                     kBudgetAdvice);
  }
  return compiled;
}

size_t RegexReach(const re2::RE2& regex) {
  return kSearchBudget / static_cast<size_t>(std::max(regex.ProgramSize(), 1));
}

size_t SearchEnd(const re2::RE2& regex, size_t size) {
  // No line is longer, but a value may be that was decoded from one.
  const size_t reach = RegexReach(regex);
  if (size <= reach) return size;
  texts_cut.fetch_add(1, std::memory_order_relaxed);
  return reach;
}

int64_t RegexTextsCut() { return texts_cut.load(std::memory_order_relaxed); }

bool MatchesWhole(const re2::RE2& regex, absl::string_view value) {
  if (SearchEnd(regex, value.size()) != value.size()) return false;
  return re2::RE2::FullMatch(re2::StringPiece{value.data(), value.size()}, regex);
}

}  // namespace tallybell
