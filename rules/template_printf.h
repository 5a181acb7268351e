// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_TEMPLATE_PRINTF_H_
#define TALLYBELL_RULES_TEMPLATE_PRINTF_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/template_value.h"

namespace tallybell {

// How many values the format prints. Verbs are %s %v %d %f %e %g %q %t and %%, with the flags
// + - 0 and space, a width below 1000 and a precision below 100. InvalidArgument for others.
absl::StatusOr<int> CountPrintfVerbs(absl::string_view format);

// `format` has passed CountPrintfVerbs; values that are missing print as nothing.
std::string TemplatePrintf(absl::string_view format, absl::Span<const TemplateValue> values);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_TEMPLATE_PRINTF_H_
