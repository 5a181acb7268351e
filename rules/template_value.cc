// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/template_value.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "rules/quantity.h"

namespace tallybell {

absl::string_view TemplateTypeName(TemplateType type) {
  switch (type) {
    case TemplateType::kAny:
      return "a value";
    case TemplateType::kEverything:
      return "everything";
    case TemplateType::kText:
      return "a text";
    case TemplateType::kNumber:
      return "a number";
    case TemplateType::kBool:
      return "true or false";
    case TemplateType::kLines:
      return "a list of lines";
    case TemplateType::kLabels:
      return "a set of labels";
  }
  return "a value";
}

std::string FormatShortest(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value == 0) return "0";
  int precision = 0;  // digits after the first
  std::string text;
  for (; precision < 17; ++precision) {
    text = absl::StrFormat("%.*e", precision, value);
    if (std::strtod(text.c_str(), nullptr) == value) break;
  }
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  constexpr int kFirstExponent = 6;
  if (exponent < -4 || exponent >= kFirstExponent) return text;
  return absl::StrFormat("%.*f", std::max(0, precision - exponent), value);
}

std::string TemplateText(const TemplateValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<TemplateNumber>(&value)) {
    return absl::StrCat(
        number->whole ? absl::StrCat(*number->whole) : FormatShortest(number->value),
        number->exact ? "" : "+");
  }
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const auto* lines = std::get_if<const std::vector<std::string>*>(&value)) {
    return absl::StrJoin(**lines, "\n");
  }
  return absl::StrCat(
      "map[", absl::StrJoin(std::get<const Labels*>(value)->pairs(), " ", absl::PairFormatter(":")),
      "]");
}

bool TemplateTruth(const TemplateValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return !text->empty();
  if (const auto* number = std::get_if<TemplateNumber>(&value)) return number->value != 0;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth;
  if (const auto* lines = std::get_if<const std::vector<std::string>*>(&value)) {
    return !(*lines)->empty();
  }
  return !std::get<const Labels*>(value)->empty();
}

std::optional<TemplateNumber> TemplateToNumber(const TemplateValue& value) {
  if (const auto* number = std::get_if<TemplateNumber>(&value)) return *number;
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return std::nullopt;
  const Quantity quantity = ParseQuantity(*text);
  if (!quantity.number) return std::nullopt;
  return TemplateNumber{*quantity.number, quantity.integer, true};
}

}  // namespace tallybell
