// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/rule.h"

#include <variant>

namespace tallybell {
namespace {

const CompareNode& Root(const Rule& rule) { return std::get<CompareNode>(rule.expression.node); }

}  // namespace

Comparison Rule::op() const { return Root(*this).op; }

int64_t Rule::threshold() const { return std::get<int64_t>(Root(*this).right->node); }

}  // namespace tallybell
