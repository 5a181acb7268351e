// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The inside of a Template: shared by its parser and its rendering, used by nobody else.
#ifndef TALLYBELL_RULES_TEMPLATE_TREE_H_
#define TALLYBELL_RULES_TEMPLATE_TREE_H_

#include <string>
#include <vector>

#include "rules/template.h"
#include "rules/template_functions.h"
#include "rules/template_value.h"

namespace tallybell {

struct TemplateExpr {
  enum class Kind { kLiteral, kLabels, kValue, kLines, kSlot, kField, kCall };
  Kind kind = Kind::kLiteral;
  TemplateType type = TemplateType::kText;
  size_t offset = 0;                           // byte of the template's text
  TemplateValue literal;                       // of kLiteral
  int slot = -1;                               // of kSlot: a variable or a range's dot
  std::string field;                           // of kField: name in the labels that args[0] yields
  const TemplateFunction* function = nullptr;  // of kCall
  std::vector<TemplateExpr> args;
};

struct Template::Node {
  enum class Kind { kList, kText, kPrint, kDeclare, kIf, kRange };
  Kind kind = Kind::kList;
  std::string text;             // of kText
  TemplateExpr expr;            // of kPrint, kDeclare, kIf, kRange
  int slot = -1;                // of kDeclare; of kRange: its element
  int key_slot = -1;            // of kRange: its index or label name
  std::vector<Node> body;       // of kList, kIf, kRange
  std::vector<Node> otherwise;  // of kIf, kRange: their else
  int slots = 0;                // of the outermost list: how many variables there are
};

}  // namespace tallybell

#endif  // TALLYBELL_RULES_TEMPLATE_TREE_H_
