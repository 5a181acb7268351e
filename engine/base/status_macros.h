// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The two macros that keep error paths to a line. They go when the library has its own.
#ifndef TALLYBELL_ENGINE_BASE_STATUS_MACROS_H_
#define TALLYBELL_ENGINE_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function with the status of `expression` unless that is OK.
#define RETURN_IF_ERROR(expression)                           \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)

// Declares or assigns `target` from a StatusOr, or returns its status.
#define ASSIGN_OR_RETURN(target, expression) \
  TALLYBELL_ASSIGN_OR_RETURN_(TALLYBELL_CONCAT_(status_or_, __LINE__), target, expression)

#define TALLYBELL_ASSIGN_OR_RETURN_(variable, target, expression) \
  auto variable = (expression);                                   \
  if (!variable.ok()) return std::move(variable).status();        \
  target = std::move(variable).value()

#define TALLYBELL_CONCAT_(a, b) TALLYBELL_CONCAT_INNER_(a, b)
#define TALLYBELL_CONCAT_INNER_(a, b) a##b

#endif  // TALLYBELL_ENGINE_BASE_STATUS_MACROS_H_
