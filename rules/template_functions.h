// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_TEMPLATE_FUNCTIONS_H_
#define TALLYBELL_RULES_TEMPLATE_FUNCTIONS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/template_value.h"

namespace tallybell {

// A function that a template may call. All are pure and none fails: a value that does not fit is
// passed through as it is.
struct TemplateFunction {
  absl::string_view name;
  int min_args;
  int max_args;
  TemplateType result;
  TemplateValue (*call)(absl::Span<const TemplateValue> args);
};

// Null if there is none of this name.
const TemplateFunction* FindTemplateFunction(absl::string_view name);

std::vector<std::string> TemplateFunctionNames();

// What is wrong with calling `function` on arguments of these types, before anything is rendered.
absl::Status CheckTemplateCall(const TemplateFunction& function,
                               absl::Span<const TemplateType> types);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_TEMPLATE_FUNCTIONS_H_
