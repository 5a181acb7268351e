// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MODEL_SEVERITY_H_
#define TALLYBELL_ENGINE_MODEL_SEVERITY_H_

#include "absl/strings/string_view.h"

namespace tallybell {

// How grave a record says it is. The formats' own words map onto these (docs/semantics.md,
// "Line to record"); anything else is unknown, which satisfies no order comparison.
enum class Severity { kUnknown, kDebug, kInfo, kWarning, kError, kFatal };

// "unknown", "debug", "info", "warning", "error" or "fatal".
absl::string_view SeverityName(Severity severity);

// Reads any word of the field, in any case: "W", "warn", "NOTICE", "dpanic", "critical"…
Severity SeverityFromWord(absl::string_view word);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MODEL_SEVERITY_H_
