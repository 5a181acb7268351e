// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/yaml_scalar_source.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace tallybell {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// Walks source and value side by side. Line breaks fold in ways that depend on the style; instead
// of repeating those rules, the walk looks at what the value has at that point.
class ScalarWalk {
 public:
  ScalarWalk(absl::string_view source, size_t at, absl::string_view value, size_t target)
      : source_(source), at_(at), value_(value), target_(std::min(target, value.size())) {}

  std::optional<size_t> Find() {
    SkipProperties();
    if (at_ >= source_.size()) return std::nullopt;
    const char style = source_[at_];
    if (style == '|' || style == '>') return FindInBlock();
    if (style == '"' || style == '\'') ++at_;
    const char quote = style == '"' || style == '\'' ? style : 0;
    while (done_ < target_) {
      if (at_ >= source_.size()) return std::nullopt;
      if (!StepFlow(quote)) return std::nullopt;
    }
    if (AtBlanksBeforeBreak()) SkipBreaks();
    return at_;
  }

 private:
  // An anchor or a tag stands before the scalar itself.
  void SkipProperties() {
    while (at_ < source_.size() && (source_[at_] == '&' || source_[at_] == '!')) {
      while (at_ < source_.size() && !absl::ascii_isspace(source_[at_])) ++at_;
      while (at_ < source_.size() && absl::ascii_isspace(source_[at_])) ++at_;
    }
  }

  bool TakeValue(absl::string_view bytes) {
    if (!absl::StartsWith(value_.substr(done_), bytes)) return false;
    done_ += bytes.size();
    return true;
  }

  bool AtBlanksBeforeBreak() const {
    const size_t end = source_.find_first_not_of(" \t\r", at_);
    return end != absl::string_view::npos && source_[end] == '\n';
  }

  // Passes line breaks and the indentation behind them.
  void SkipBreaks() {
    while (at_ < source_.size() && (IsBlank(source_[at_]) || source_[at_] == '\n')) ++at_;
  }

  // One line break or a run of them gave one space, or newlines.
  bool StepBreaks() {
    SkipBreaks();
    if (TakeValue(" ")) return true;
    if (!TakeValue("\n")) return false;
    while (done_ < target_ && TakeValue("\n")) {
    }
    return true;
  }

  bool StepFlow(char quote) {
    if (AtBlanksBeforeBreak()) return StepBreaks();
    if (quote == '\'' && absl::StartsWith(source_.substr(at_), "''")) {
      at_ += 2;
      return TakeValue("'");
    }
    if (quote == '"' && source_[at_] == '\\') return StepEscape();
    return StepByte();
  }

  bool StepByte() {
    const bool same = TakeValue(source_.substr(at_, 1));
    ++at_;
    return same;
  }

  // The value holds what the escape stood for; how long that is shows from its first byte.
  bool StepEscape() {
    if (at_ + 1 >= source_.size()) return false;
    const char c = source_[at_ + 1];
    at_ += 2;
    if (c == '\n' || c == '\r') {
      SkipBreaks();
      return true;
    }
    at_ += c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (done_ == value_.size()) return false;
    ++done_;
    while (done_ < value_.size() && (static_cast<unsigned char>(value_[done_]) & 0xC0) == 0x80) {
      ++done_;
    }
    return true;
  }

  std::optional<size_t> FindInBlock() {
    const size_t header = at_;
    at_ = source_.find('\n', at_);
    if (at_ == absl::string_view::npos) return std::nullopt;
    const absl::string_view marks = source_.substr(header, at_ - header);
    ++at_;
    size_t first = at_;
    while (first < source_.size() && (IsBlank(source_[first]) || source_[first] == '\n')) ++first;
    if (first == source_.size()) return std::nullopt;
    const size_t line_begin = source_.rfind('\n', first) + 1;
    indent_ = first - line_begin;
    // "|2" says it, counted from the line that the text belongs to.
    if (const size_t digit = marks.find_first_of("123456789"); digit < 3) {
      const size_t parent = source_.rfind('\n', header) + 1;
      indent_ = source_.find_first_not_of(' ', parent) - parent + (marks[digit] - '0');
    }
    SkipIndent();
    while (done_ < target_) {
      if (at_ >= source_.size() || !StepBlock()) return std::nullopt;
    }
    return at_;
  }

  void SkipIndent() {
    const size_t end = std::min(source_.size(), at_ + indent_);
    while (at_ < end && source_[at_] == ' ') ++at_;
  }

  bool StepBlock() {
    if (source_[at_] == '\r' && absl::StartsWith(source_.substr(at_), "\r\n")) ++at_;
    if (source_[at_] != '\n') {
      in_empty_line_ = false;
      return StepByte();
    }
    ++at_;
    SkipIndent();
    // A break of a folded text gives a space, a newline, or nothing beside an empty line.
    const bool beside_empty = in_empty_line_ || at_ >= source_.size() || source_[at_] == '\n';
    in_empty_line_ = true;
    return TakeValue("\n") || beside_empty || TakeValue(" ");
  }

  absl::string_view source_;
  size_t at_;
  absl::string_view value_;
  size_t target_;
  size_t done_ = 0;             // bytes of value_ passed
  size_t indent_ = 0;           // of a block text
  bool in_empty_line_ = false;  // of a block text: nothing but indentation so far
};

}  // namespace

std::optional<size_t> FindInScalarSource(absl::string_view source, size_t begin,
                                         absl::string_view value, size_t offset) {
  return ScalarWalk(source, begin, value, offset).Find();
}

}  // namespace tallybell
