// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_TEMPLATE_LEXER_H_
#define TALLYBELL_RULES_TEMPLATE_LEXER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/template_value.h"

namespace tallybell {

struct TemplateToken {
  enum class Kind {
    kWord,      // if, printf
    kVariable,  // $labels, or $ alone with an empty text
    kField,     // .host, or . alone with an empty text
    kText,
    kNumber,
    kPipe,
    kOpen,
    kClose,
    kComma,
    kDeclare,  // :=
    kEnd       // of the action
  };
  Kind kind = Kind::kEnd;
  size_t offset = 0;          // bytes
  bool space_before = false;  // $labels.host is one operand, $labels .host are two
  std::string text;           // name, or value of a kText
  TemplateNumber number;      // of kNumber
};

// What stands between one {{ and its }}, or the text before it.
struct TemplatePiece {
  std::string text;                   // already trimmed where a neighbour has {{- or -}}
  std::vector<TemplateToken> tokens;  // with a kEnd behind; empty for a text alone, or a comment
  size_t offset = 0;                  // of the {{
};

// Cuts a template into pieces. InvalidArgument (a TextFault) where an action does not end or holds
// something that no action may hold.
absl::StatusOr<std::vector<TemplatePiece>> LexTemplate(absl::string_view text);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_TEMPLATE_LEXER_H_
