// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/model/field_name.h"
#include "rules/quoted_text.h"
#include "rules/text_fault.h"
#include "rules/where_tree.h"

namespace tallybell {
namespace {

// Parentheses and `not`s within one another.
constexpr int kMaxDepth = 50;
constexpr int kMaxComparisons = 1000;

constexpr absl::string_view kExample = "a condition looks like severity >= warning and code != 404";

bool IsFieldChar(char c) { return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-'; }

// What may stand in a value without quotes: all but spaces, brackets, quotes and operators.
bool IsBareChar(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte != 0x7f && !IsQuote(c) &&
         absl::string_view("()=!<>,;&|").find(c) == absl::string_view::npos;
}

bool IsKeyword(absl::string_view word) { return word == "and" || word == "or" || word == "not"; }

}  // namespace

// Reads one condition from left to right, by recursive descent.
class WhereParser {
 public:
  WhereParser(absl::string_view text, std::set<std::string>* fields)
      : text_(text), fields_(fields) {}

  absl::StatusOr<Where::Node> Parse() {
    ASSIGN_OR_RETURN(Where::Node node, ParseOr());
    SkipSpace();
    if (pos_ == text_.size()) return node;
    if (text_[pos_] == ')') return TextFault(pos_, "there is no ( for this )");
    return TextFault(pos_, "expected and, or, or the end", AdviceForConnective());
  }

 private:
  absl::StatusOr<Where::Node> ParseOr() {
    return ParseList("or", Where::Node::Kind::kOr, &WhereParser::ParseAnd);
  }

  absl::StatusOr<Where::Node> ParseAnd() {
    return ParseList("and", Where::Node::Kind::kAnd, &WhereParser::ParseUnary);
  }

  absl::StatusOr<Where::Node> ParseList(absl::string_view word, Where::Node::Kind kind,
                                        absl::StatusOr<Where::Node> (WhereParser::*part)()) {
    ASSIGN_OR_RETURN(Where::Node first, (this->*part)());
    if (!TakeWord(word)) return first;
    Where::Node list;
    list.kind = kind;
    list.children.push_back(std::move(first));
    do {
      ASSIGN_OR_RETURN(Where::Node next, (this->*part)());
      list.children.push_back(std::move(next));
    } while (TakeWord(word));
    return list;
  }

  absl::StatusOr<Where::Node> ParseUnary() {
    SkipSpace();
    const size_t begin = pos_;
    const bool negated = TakeWord("not");
    if (!negated && !Take("(")) return ParseComparison();
    if (++depth_ > kMaxDepth) return TextFault(begin, "more than 50 levels of ( and not");
    ASSIGN_OR_RETURN(Where::Node inner, negated ? ParseUnary() : ParseOr());
    --depth_;
    if (negated) {
      Where::Node node;
      node.kind = Where::Node::Kind::kNot;
      node.children.push_back(std::move(inner));
      return node;
    }
    SkipSpace();
    if (!Take(")")) return TextFault(pos_, "expected ) for the ( before", AdviceForConnective());
    return inner;
  }

  absl::StatusOr<Where::Node> ParseComparison() {
    if (++comparisons_ > kMaxComparisons) return TextFault(pos_, "more than 1000 comparisons");
    Where::Node node;
    WhereComparison& comparison = node.comparison;
    const size_t field_begin = pos_;
    while (pos_ < text_.size() && IsFieldChar(text_[pos_])) ++pos_;
    comparison.field = std::string(text_.substr(field_begin, pos_ - field_begin));
    if (comparison.field.empty() || IsKeyword(comparison.field)) {
      return TextFault(field_begin, "expected the name of a field", kExample);
    }
    comparison.field = FieldName(comparison.field);
    fields_->insert(comparison.field);
    SkipSpace();
    ASSIGN_OR_RETURN(comparison.op, ParseOp());
    SkipSpace();
    RETURN_IF_ERROR(ParseValue(&comparison));
    return node;
  }

  absl::StatusOr<WhereOp> ParseOp() {
    // Longer names first.
    static constexpr WhereOp kOps[] = {
        WhereOp::kEqual,       WhereOp::kNotEqual,       WhereOp::kMatch, WhereOp::kNotMatch,
        WhereOp::kLessOrEqual, WhereOp::kGreaterOrEqual, WhereOp::kLess,  WhereOp::kGreater,
    };
    for (const WhereOp op : kOps) {
      if (Take(WhereOpName(op))) return op;
    }
    if (absl::StartsWith(text_.substr(pos_), "=")) {
      return TextFault(pos_, "= is not an operator of a condition", "write ==");
    }
    return TextFault(pos_, "expected an operator: == != =~ !~ < <= > >=", kExample);
  }

  absl::Status ParseValue(WhereComparison* comparison) {
    const size_t begin = pos_;
    const bool quoted = begin < text_.size() && IsQuote(text_[begin]);
    if (quoted) {
      ASSIGN_OR_RETURN(comparison->value, TakeQuoted(text_, &pos_));
    } else {
      while (pos_ < text_.size() && IsBareChar(text_[pos_])) ++pos_;
      comparison->value = std::string(text_.substr(begin, pos_ - begin));
      if (comparison->value.empty() || IsKeyword(comparison->value)) {
        return TextFault(begin,
                         "expected a value: a word, a number, a duration, a size or a "
                         "quoted text");
      }
    }
    if (comparison->op == WhereOp::kMatch || comparison->op == WhereOp::kNotMatch) {
      absl::StatusOr<CompiledRegex> regex = CompileRegex(comparison->value, RegexUse::kWhole);
      if (!regex.ok()) {
        return quoted ? MoveQuotedFault(regex.status(), text_, begin, pos_)
                      : MoveTextFault(regex.status(), begin);
      }
      comparison->regex = *std::move(regex);
      return absl::OkStatus();
    }
    if (comparison->field == kSeverityField) return CheckSeverity(comparison, begin);
    if (IsOrder(comparison->op)) return CheckQuantity(comparison, begin);
    return absl::OkStatus();
  }

  static absl::Status CheckSeverity(WhereComparison* comparison, size_t begin) {
    comparison->severity = SeverityFromWord(comparison->value);
    if (comparison->severity != Severity::kUnknown) return absl::OkStatus();
    if (comparison->value != SeverityName(Severity::kUnknown)) {
      return TextFault(begin, absl::StrCat("\"", comparison->value, "\" is not a severity"),
                       "debug, info, warning, error, fatal or unknown");
    }
    if (!IsOrder(comparison->op)) return absl::OkStatus();
    return TextFault(begin, "unknown has no place in the order of severities",
                     "compare with == or !=");
  }

  static absl::Status CheckQuantity(WhereComparison* comparison, size_t begin) {
    comparison->quantity = ParseQuantity(comparison->value);
    if (!comparison->quantity.empty()) return absl::OkStatus();
    return TextFault(
        begin,
        absl::StrCat(WhereOpName(comparison->op), " needs a number, a duration or a size, not \"",
                     comparison->value, "\""),
        SeverityFromWord(comparison->value) == Severity::kUnknown
            ? ""
            : "the field whose words have an order is severity");
  }

  absl::string_view AdviceForConnective() const {
    const absl::string_view rest = text_.substr(pos_);
    if (absl::StartsWith(rest, "&") || absl::StartsWith(rest, ",")) return "write and";
    if (absl::StartsWith(rest, "|")) return "write or";
    if (absl::StartsWithIgnoreCase(rest, "and") || absl::StartsWithIgnoreCase(rest, "or")) {
      return "and, or and not are written in small letters";
    }
    return "a value with spaces or brackets needs quotes";
  }

  void SkipSpace() {
    while (pos_ < text_.size() && absl::ascii_isspace(text_[pos_])) ++pos_;
  }

  bool Take(absl::string_view token) {
    if (!absl::StartsWith(text_.substr(pos_), token)) return false;
    pos_ += token.size();
    return true;
  }

  // Takes a keyword, but not the front of a longer word.
  bool TakeWord(absl::string_view word) {
    SkipSpace();
    const absl::string_view rest = text_.substr(pos_);
    if (!absl::StartsWith(rest, word)) return false;
    if (rest.size() > word.size() && IsFieldChar(rest[word.size()])) return false;
    pos_ += word.size();
    return true;
  }

  absl::string_view text_;
  std::set<std::string>* fields_;
  size_t pos_ = 0;
  int depth_ = 0;
  int comparisons_ = 0;
};

absl::StatusOr<Where> Where::Parse(absl::string_view text) {
  Where where;
  ASSIGN_OR_RETURN(Node root, WhereParser(text, &where.fields_).Parse());
  where.root_ = std::make_shared<const Node>(std::move(root));
  return where;
}

}  // namespace tallybell
