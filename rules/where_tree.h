// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The inside of a Where: shared by its parser and its evaluation, used by nobody else.
#ifndef TALLYBELL_RULES_WHERE_TREE_H_
#define TALLYBELL_RULES_WHERE_TREE_H_

#include <string>
#include <vector>

#include "engine/model/severity.h"
#include "rules/quantity.h"
#include "rules/regex.h"
#include "rules/where.h"

namespace tallybell {

// The one field whose words have an order of their own.
inline constexpr absl::string_view kSeverityField = "severity";

enum class WhereOp {
  kEqual,
  kNotEqual,
  kMatch,
  kNotMatch,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual
};

absl::string_view WhereOpName(WhereOp op);

// Whether `op` is one of < <= > >=.
inline bool IsOrder(WhereOp op) { return op >= WhereOp::kLess; }

struct WhereComparison {
  std::string field;
  WhereOp op = WhereOp::kEqual;
  std::string value;
  CompiledRegex regex;                     // for =~ and !~
  Quantity quantity;                       // for order comparisons
  Severity severity = Severity::kUnknown;  // for the field `severity`, but for =~ and !~
};

struct Where::Node {
  enum class Kind { kAnd, kOr, kNot, kCompare };
  Kind kind = Kind::kCompare;
  std::vector<Node> children;  // one for kNot, two or more for kAnd and kOr
  WhereComparison comparison;  // for kCompare
};

}  // namespace tallybell

#endif  // TALLYBELL_RULES_WHERE_TREE_H_
