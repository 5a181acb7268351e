// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/selector.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "rules/quoted_text.h"
#include "rules/regex.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

constexpr size_t kMaxMatchers = 64;
constexpr absl::string_view kExample = "a selector looks like {job=\"anka\", host=~\"mac.*\"}";

// Reads one selector from left to right.
class SelectorReader {
 public:
  explicit SelectorReader(absl::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<Selector::Matcher>> Read() {
    std::vector<Selector::Matcher> matchers;
    SkipSpace();
    if (!Take('{')) return TextFault(pos_, "a selector begins with {", kExample);
    SkipSpace();
    while (!Take('}')) {
      if (matchers.size() == kMaxMatchers) return TextFault(pos_, "more than 64 matchers");
      ASSIGN_OR_RETURN(Selector::Matcher matcher, ReadMatcher());
      matchers.push_back(std::move(matcher));
      SkipSpace();
      if (Take('}')) break;
      if (!Take(',')) return TextFault(pos_, "expected , or } after a matcher", kExample);
      SkipSpace();
    }
    SkipSpace();
    if (pos_ != text_.size()) return TextFault(pos_, "nothing may follow the closing }");
    return matchers;
  }

 private:
  absl::StatusOr<Selector::Matcher> ReadMatcher() {
    Selector::Matcher matcher;
    const size_t name_begin = pos_;
    while (pos_ < text_.size() && (absl::ascii_isalnum(text_[pos_]) || text_[pos_] == '_')) ++pos_;
    matcher.name = std::string(text_.substr(name_begin, pos_ - name_begin));
    if (!IsLabelName(matcher.name)) {
      return TextFault(name_begin, "expected the name of a label", kExample);
    }
    SkipSpace();
    ASSIGN_OR_RETURN(matcher.op, ReadOp());
    SkipSpace();
    const size_t begin = pos_;
    if (begin == text_.size() || !IsQuote(text_[begin])) {
      return TextFault(begin, "expected a quoted value", kExample);
    }
    ASSIGN_OR_RETURN(matcher.value, TakeQuoted(text_, &pos_));
    if (matcher.op == Selector::Op::kMatch || matcher.op == Selector::Op::kNotMatch) {
      absl::StatusOr<CompiledRegex> regex = CompileRegex(matcher.value, RegexUse::kWhole);
      if (!regex.ok()) return MoveQuotedFault(regex.status(), text_, begin, pos_);
      matcher.regex = *std::move(regex);
    }
    return matcher;
  }

  absl::StatusOr<Selector::Op> ReadOp() {
    const absl::string_view rest = text_.substr(pos_);
    if (absl::StartsWith(rest, "==")) {
      return TextFault(pos_, "== is not an operator of a selector", "write =");
    }
    static constexpr std::pair<absl::string_view, Selector::Op> kOps[] = {
        {"=~", Selector::Op::kMatch},
        {"!~", Selector::Op::kNotMatch},
        {"!=", Selector::Op::kNotEqual},
        {"=", Selector::Op::kEqual},
    };
    for (const auto& [name, op] : kOps) {
      if (absl::StartsWith(rest, name)) {
        pos_ += name.size();
        return op;
      }
    }
    return TextFault(pos_, "expected =, !=, =~ or !~", kExample);
  }

  void SkipSpace() {
    while (pos_ < text_.size() && absl::ascii_isspace(text_[pos_])) ++pos_;
  }

  bool Take(char c) {
    if (pos_ == text_.size() || text_[pos_] != c) return false;
    ++pos_;
    return true;
  }

  absl::string_view text_;
  size_t pos_ = 0;
};

bool Holds(const Selector::Matcher& matcher, absl::string_view value) {
  switch (matcher.op) {
    case Selector::Op::kEqual:
      return value == matcher.value;
    case Selector::Op::kNotEqual:
      return value != matcher.value;
    case Selector::Op::kMatch:
      return MatchesWhole(*matcher.regex, value);
    case Selector::Op::kNotMatch:
      return !MatchesWhole(*matcher.regex, value);
  }
  return false;
}

}  // namespace

absl::StatusOr<Selector> Selector::Parse(absl::string_view text) {
  Selector selector;
  ASSIGN_OR_RETURN(selector.matchers_, SelectorReader(text).Read());
  return selector;
}

bool Selector::Matches(const Labels& stream) const {
  return std::all_of(matchers_.begin(), matchers_.end(), [&stream](const Matcher& matcher) {
    return Holds(matcher, stream.Get(matcher.name));
  });
}

}  // namespace tallybell
