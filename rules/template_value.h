// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The values that flow through a template's actions, and their texts.
#ifndef TALLYBELL_RULES_TEMPLATE_VALUE_H_
#define TALLYBELL_RULES_TEMPLATE_VALUE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/model/labels.h"

namespace tallybell {

// What is known of an expression when a template is loaded. kAny is either of several.
enum class TemplateType { kAny, kEverything, kText, kNumber, kBool, kLines, kLabels };

// "a text", "a number"...
absl::string_view TemplateTypeName(TemplateType type);

struct TemplateNumber {
  double value = 0;
  std::optional<int64_t> whole;  // exact, where it is a whole number
  bool exact = true;             // false: the number is a lower bound and prints with a "+"

  static TemplateNumber Whole(int64_t value, bool exact = true) {
    return {static_cast<double>(value), value, exact};
  }
};

// Lines and labels are not copied; they belong to the input of the rendering.
using TemplateValue =
    std::variant<std::string, TemplateNumber, bool, const std::vector<std::string>*, const Labels*>;

// As an action prints it: numbers as Go does, lines joined with newlines.
std::string TemplateText(const TemplateValue& value);

// Whether `if` takes it for true: not empty, not zero, not false.
bool TemplateTruth(const TemplateValue& value);

// The number, or the one that a text states.
std::optional<TemplateNumber> TemplateToNumber(const TemplateValue& value);

// The shortest text that reads back as `value`, with an exponent from 1e+06 on and below 1e-04.
std::string FormatShortest(double value);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_TEMPLATE_VALUE_H_
