// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/where.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/quoted_text.h"
#include "rules/where_tree.h"

namespace tallybell {
namespace {

bool HoldsOrder(WhereOp op, int order) {
  switch (op) {
    case WhereOp::kLess:
      return order < 0;
    case WhereOp::kLessOrEqual:
      return order <= 0;
    case WhereOp::kGreater:
      return order > 0;
    case WhereOp::kGreaterOrEqual:
      return order >= 0;
    case WhereOp::kEqual:
      return order == 0;
    case WhereOp::kNotEqual:
      return order != 0;
    default:
      return false;
  }
}

bool HoldsSeverity(const WhereComparison& comparison, absl::string_view value) {
  const Severity severity = SeverityFromWord(value);
  if (IsOrder(comparison.op) && severity == Severity::kUnknown) return false;
  return HoldsOrder(comparison.op,
                    static_cast<int>(severity) - static_cast<int>(comparison.severity));
}

bool HoldsComparison(const WhereComparison& comparison, absl::string_view value) {
  if (comparison.op == WhereOp::kMatch) return MatchesWhole(*comparison.regex, value);
  if (comparison.op == WhereOp::kNotMatch) return !MatchesWhole(*comparison.regex, value);
  if (comparison.field == kSeverityField) return HoldsSeverity(comparison, value);
  if (comparison.op == WhereOp::kEqual) return value == comparison.value;
  if (comparison.op == WhereOp::kNotEqual) return value != comparison.value;
  const std::optional<int> order = CompareQuantities(ParseQuantity(value), comparison.quantity);
  return order.has_value() && HoldsOrder(comparison.op, *order);
}

bool HoldsNode(const Where::Node& node, Where::Lookup lookup) {
  const auto holds = [lookup](const Where::Node& child) { return HoldsNode(child, lookup); };
  switch (node.kind) {
    case Where::Node::Kind::kAnd:
      return std::all_of(node.children.begin(), node.children.end(), holds);
    case Where::Node::Kind::kOr:
      return std::any_of(node.children.begin(), node.children.end(), holds);
    case Where::Node::Kind::kNot:
      return !holds(node.children[0]);
    case Where::Node::Kind::kCompare:
      return HoldsComparison(node.comparison, lookup(node.comparison.field));
  }
  return false;
}

std::string NodeText(const Where::Node& node) {
  const auto append = [](std::string* out, const Where::Node& child) {
    out->append(NodeText(child));
  };
  switch (node.kind) {
    case Where::Node::Kind::kAnd:
      return absl::StrCat("(", absl::StrJoin(node.children, " and ", append), ")");
    case Where::Node::Kind::kOr:
      return absl::StrCat("(", absl::StrJoin(node.children, " or ", append), ")");
    case Where::Node::Kind::kNot:
      return absl::StrCat("not ", NodeText(node.children[0]));
    case Where::Node::Kind::kCompare:
      break;
  }
  const WhereComparison& comparison = node.comparison;
  const bool by_severity = comparison.field == kSeverityField && comparison.regex == nullptr;
  return absl::StrCat(comparison.field, " ", WhereOpName(comparison.op), " ",
                      Quote(by_severity ? SeverityName(comparison.severity) : comparison.value));
}

}  // namespace

absl::string_view WhereOpName(WhereOp op) {
  static constexpr absl::string_view kNames[] = {"==", "!=", "=~", "!~", "<", "<=", ">", ">="};
  return kNames[static_cast<int>(op)];
}

bool Where::Holds(Lookup lookup) const { return HoldsNode(*root_, lookup); }

std::string Where::ToString() const { return NodeText(*root_); }

}  // namespace tallybell
