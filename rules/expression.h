// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What a rule watches, as a tree: leaves count records in a window, the nodes above them compare.
// The short form of a rule file is one front end that builds it.
#ifndef TALLYBELL_RULES_EXPRESSION_H_
#define TALLYBELL_RULES_EXPRESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "rules/pattern.h"
#include "rules/selector.h"
#include "rules/where.h"

namespace tallybell {

// One condition that a record meets or not. Stages are tried in order; all must hold.
struct Stage {
  struct AnyOf {
    std::vector<Pattern> patterns;
  };
  struct NoneOf {
    std::vector<Pattern> patterns;
  };
  std::variant<AnyOf, NoneOf, Where> test;
};

enum class Aggregate { kCount };

// What the leaf says of a range without records.
enum class EmptyRange { kZero };

// One name by which records are grouped: the first of `alternatives` that a record has.
struct GroupBy {
  std::string name;                       // the first alternative
  std::vector<std::string> alternatives;  // never empty
};

struct Leaf {
  Selector from;
  std::vector<Stage> stages;
  std::vector<Pattern> clear;  // any of them ends the group's window
  Aggregate aggregate = Aggregate::kCount;
  DurationNs window = 0;
  DurationNs offset = 0;
  std::vector<GroupBy> by;
  EmptyRange empty_range = EmptyRange::kZero;
};

enum class Comparison { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

// "==", "!=", "<", "<=", ">" or ">=".
absl::string_view ComparisonName(Comparison op);

bool Compare(int64_t left, Comparison op, int64_t right);

struct Expression;

struct CompareNode {
  std::unique_ptr<Expression> left;
  Comparison op;
  std::unique_ptr<Expression> right;
};

struct Expression {
  std::variant<Leaf, int64_t, CompareNode> node;
};

}  // namespace tallybell

#endif  // TALLYBELL_RULES_EXPRESSION_H_
