// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/condition.h"

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

constexpr absl::string_view kExample = "a condition looks like count > 3 in 20m";

bool IsOpChar(char c) { return c == '=' || c == '!' || c == '<' || c == '>' || c == '~'; }

// Reads one condition from left to right.
class ConditionReader {
 public:
  explicit ConditionReader(absl::string_view text) : text_(text) {}

  absl::StatusOr<Condition> Read() {
    Condition condition;
    RETURN_IF_ERROR(ReadWord("count"));
    ASSIGN_OR_RETURN(condition.op, ReadOp());
    ASSIGN_OR_RETURN(condition.threshold, ReadThreshold(condition.op));
    RETURN_IF_ERROR(ReadWord("in"));
    ASSIGN_OR_RETURN(condition.window, ReadWindow());
    const absl::string_view rest = Next();
    if (!rest.empty()) {
      return TextFault(begin_, absl::StrCat("nothing may follow the window, but \"", rest, "\""),
                       rest == "by" ? "by is a key of the rule" : kExample);
    }
    return condition;
  }

 private:
  // The next run of letters and digits, or of operator characters; "" at the end.
  absl::string_view Next() {
    while (pos_ < text_.size() && absl::ascii_isspace(text_[pos_])) ++pos_;
    begin_ = pos_;
    if (pos_ == text_.size()) return "";
    const bool op = IsOpChar(text_[pos_]);
    while (pos_ < text_.size() && !absl::ascii_isspace(text_[pos_]) &&
           IsOpChar(text_[pos_]) == op) {
      ++pos_;
    }
    return text_.substr(begin_, pos_ - begin_);
  }

  absl::Status ReadWord(absl::string_view word) {
    const absl::string_view found = Next();
    if (found == word) return absl::OkStatus();
    return Unexpected(word, found);
  }

  absl::Status Unexpected(absl::string_view expected, absl::string_view found) const {
    return TextFault(begin_,
                     found.empty() ? absl::StrCat("expected ", expected, " at the end")
                                   : absl::StrCat("expected ", expected, ", found \"", found, "\""),
                     kExample);
  }

  absl::StatusOr<Comparison> ReadOp() {
    static constexpr Comparison kOps[] = {Comparison::kEqual,   Comparison::kNotEqual,
                                          Comparison::kLess,    Comparison::kLessOrEqual,
                                          Comparison::kGreater, Comparison::kGreaterOrEqual};
    const absl::string_view found = Next();
    for (const Comparison op : kOps) {
      if (ComparisonName(op) == found) return op;
    }
    return Unexpected("one of == != < <= > >=", found);
  }

  absl::StatusOr<int64_t> ReadThreshold(Comparison op) {
    const absl::string_view found = Next();
    int64_t number;
    if (!absl::SimpleAtoi(found, &number)) return Unexpected("a whole number", found);
    if (number > kMaxThreshold) {
      return TextFault(begin_, absl::StrCat("a count to compare with is at most ", kMaxThreshold));
    }
    // A count is never below zero, and it can be any number from zero up.
    if (number > 0 ||
        (number == 0 && op != Comparison::kLess && op != Comparison::kGreaterOrEqual)) {
      return number;
    }
    const bool always = Compare(0, op, number);
    return TextFault(0,
                     absl::StrCat("this is ", always ? "always" : "never", " true: a count is ",
                                  "never below zero"),
                     "for silence, write count == 0 in 1h");
  }

  absl::StatusOr<DurationNs> ReadWindow() {
    const absl::string_view found = Next();
    if (found.empty()) return Unexpected("a duration", found);
    const absl::StatusOr<DurationNs> window = ParseDuration(found);
    if (!window.ok()) return MoveTextFault(window.status(), begin_);
    if (*window == 0) return TextFault(begin_, "a window of no length counts nothing");
    if (*window > kMaxWindow) return TextFault(begin_, "a window is at most a year (365d)");
    return *window;
  }

  absl::string_view text_;
  size_t pos_ = 0;
  size_t begin_ = 0;  // of what Next returned
};

}  // namespace

absl::StatusOr<Condition> ParseCondition(absl::string_view text) {
  return ConditionReader(text).Read();
}

}  // namespace tallybell
