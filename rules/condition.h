// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_CONDITION_H_
#define TALLYBELL_RULES_CONDITION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "rules/expression.h"

namespace tallybell {

inline constexpr int64_t kMaxThreshold = 100'000;
inline constexpr DurationNs kMaxWindow = 365 * kDay;

// The short form of a rule's `when`: count > 3 in 20m.
struct Condition {
  Comparison op = Comparison::kGreater;
  int64_t threshold = 0;  // 0..kMaxThreshold
  DurationNs window = 0;  // more than 0, at most kMaxWindow
};

// InvalidArgument (a TextFault) for anything else, and for a condition that every count or no
// count satisfies.
absl::StatusOr<Condition> ParseCondition(absl::string_view text);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_CONDITION_H_
