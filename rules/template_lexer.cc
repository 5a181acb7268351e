// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/template_lexer.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/base/utf8.h"
#include "rules/quantity.h"
#include "rules/quoted_text.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

bool IsWordChar(char c) { return absl::ascii_isalnum(c) || c == '_'; }

// Walks over a template once, from left to right.
class Lexer {
 public:
  explicit Lexer(absl::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<TemplatePiece>> Lex() {
    std::vector<TemplatePiece> pieces;
    while (pos_ < text_.size()) {
      TemplatePiece piece;
      const size_t open = text_.find("{{", pos_);
      absl::string_view before =
          text_.substr(pos_, open == absl::string_view::npos ? open : open - pos_);
      if (trim_next_) before = absl::StripLeadingAsciiWhitespace(before);
      trim_next_ = false;
      if (open == absl::string_view::npos) {
        pos_ = text_.size();
      } else {
        piece.offset = open;
        pos_ = open + 2;
        if (TakeLeftTrim()) before = absl::StripTrailingAsciiWhitespace(before);
        RETURN_IF_ERROR(LexAction(&piece));
      }
      piece.text = std::string(before);
      pieces.push_back(std::move(piece));
    }
    return pieces;
  }

 private:
  bool At(absl::string_view what) const { return absl::StartsWith(text_.substr(pos_), what); }

  bool AtSpace() const { return pos_ < text_.size() && absl::ascii_isspace(text_[pos_]); }

  // "{{- " trims the text before; "{{-3" is a number.
  bool TakeLeftTrim() {
    if (!At("-") || pos_ + 1 >= text_.size() || !absl::ascii_isspace(text_[pos_ + 1])) return false;
    pos_ += 2;
    return true;
  }

  // Passes the end of the action if it is here. " -}}" trims the text behind it.
  bool TakeEnd(bool space_before) {
    if (space_before && At("-}}")) {
      pos_ += 3;
      trim_next_ = true;
      return true;
    }
    if (!At("}}")) return false;
    pos_ += 2;
    return true;
  }

  absl::Status LexAction(TemplatePiece* piece) {
    if (At("/*")) return SkipComment(piece->offset);
    bool space_before = true;
    while (true) {
      const size_t space_begin = pos_;
      while (AtSpace()) ++pos_;
      space_before = piece->tokens.empty() || pos_ > space_begin;
      if (pos_ == text_.size()) break;
      if (TakeEnd(pos_ > space_begin)) {
        TemplateToken end;
        end.offset = pos_ - 2;
        piece->tokens.push_back(std::move(end));
        return absl::OkStatus();
      }
      TemplateToken token;
      token.offset = pos_;
      token.space_before = space_before;
      RETURN_IF_ERROR(LexToken(&token));
      piece->tokens.push_back(std::move(token));
    }
    return TextFault(piece->offset, "this {{ has no }}");
  }

  absl::Status SkipComment(size_t offset) {
    const size_t close = text_.find("*/", pos_ + 2);
    if (close == absl::string_view::npos) return TextFault(offset, "this comment has no */");
    pos_ = close + 2;
    const bool space = AtSpace();
    if (space) ++pos_;
    if (TakeEnd(space)) return absl::OkStatus();
    return TextFault(pos_, "a comment is all that its action holds", "write {{/* ... */}}");
  }

  absl::Status LexToken(TemplateToken* token) {
    const char c = text_[pos_];
    if (c == '"' || c == '`') {
      token->kind = TemplateToken::Kind::kText;
      ASSIGN_OR_RETURN(token->text, TakeQuoted(text_, &pos_));
      return absl::OkStatus();
    }
    if (absl::ascii_isdigit(c) || c == '-' || c == '+') return LexNumber(token);
    if (At(":=")) return Take(TemplateToken::Kind::kDeclare, 2, token);
    if (c == '|') return Take(TemplateToken::Kind::kPipe, 1, token);
    if (c == '(') return Take(TemplateToken::Kind::kOpen, 1, token);
    if (c == ')') return Take(TemplateToken::Kind::kClose, 1, token);
    if (c == ',') return Take(TemplateToken::Kind::kComma, 1, token);
    if (c == '$') return LexName(TemplateToken::Kind::kVariable, 1, token);
    if (c == '.') return LexName(TemplateToken::Kind::kField, 1, token);
    if (IsWordChar(c)) return LexName(TemplateToken::Kind::kWord, 0, token);
    if (c == '\'') return TextFault(pos_, "a text in a template stands in double quotes");
    if (c == '=')
      return TextFault(pos_, "= is not for templates", "compare with eq, declare with :=");
    size_t length = 1;
    while (pos_ + length < text_.size() &&
           (static_cast<unsigned char>(text_[pos_ + length]) & 0xC0) == 0x80) {
      ++length;
    }
    return TextFault(
        pos_, absl::StrCat("\"", text_.substr(pos_, length), "\" means nothing in a template"));
  }

  absl::Status Take(TemplateToken::Kind kind, size_t length, TemplateToken* token) {
    token->kind = kind;
    pos_ += length;
    return absl::OkStatus();
  }

  absl::Status LexName(TemplateToken::Kind kind, size_t prefix, TemplateToken* token) {
    token->kind = kind;
    pos_ += prefix;
    const size_t begin = pos_;
    while (pos_ < text_.size() && IsWordChar(text_[pos_])) ++pos_;
    token->text = std::string(text_.substr(begin, pos_ - begin));
    return absl::OkStatus();
  }

  absl::Status LexNumber(TemplateToken* token) {
    const size_t begin = pos_;
    ++pos_;
    while (pos_ < text_.size() && (IsWordChar(text_[pos_]) || text_[pos_] == '.' ||
                                   ((text_[pos_] == '-' || text_[pos_] == '+') &&
                                    absl::ascii_tolower(text_[pos_ - 1]) == 'e'))) {
      ++pos_;
    }
    const absl::string_view written = text_.substr(begin, pos_ - begin);
    const Quantity quantity = ParseQuantity(written);
    if (!quantity.number) {
      return TextFault(begin, absl::StrCat("\"", Utf8Truncate(written, 64), "\" is not a number"));
    }
    token->kind = TemplateToken::Kind::kNumber;
    token->number = {*quantity.number, quantity.integer, true};
    return absl::OkStatus();
  }

  absl::string_view text_;
  size_t pos_ = 0;
  bool trim_next_ = false;
};

}  // namespace

absl::StatusOr<std::vector<TemplatePiece>> LexTemplate(absl::string_view text) {
  return Lexer(text).Lex();
}

}  // namespace tallybell
