// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/template_functions.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "rules/template_printf.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

using Args = absl::Span<const TemplateValue>;

// How Prometheus prints what it has made readable: four digits that count.
std::string FourDigits(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (std::isnan(value)) return "NaN";
  return absl::StrFormat("%.4g", value);
}

bool IsPlain(double value) { return value == 0 || !std::isfinite(value); }

std::string WithSmallPrefix(double value) {
  absl::string_view prefix;
  for (const absl::string_view next : {"m", "u", "n", "p", "f", "a", "z", "y"}) {
    if (std::fabs(value) >= 1) break;
    prefix = next;
    value *= 1000;
  }
  return absl::StrCat(FourDigits(value), prefix);
}

std::string WithLargePrefix(double value, double step,
                            std::initializer_list<absl::string_view> prefixes) {
  absl::string_view prefix;
  for (const absl::string_view next : prefixes) {
    if (std::fabs(value) < step) break;
    prefix = next;
    value /= step;
  }
  return absl::StrCat(FourDigits(value), prefix);
}

std::string Humanize(double value) {
  if (IsPlain(value)) return FourDigits(value);
  if (std::fabs(value) < 1) return WithSmallPrefix(value);
  return WithLargePrefix(value, 1000, {"k", "M", "G", "T", "P", "E", "Z", "Y"});
}

std::string Humanize1024(double value) {
  if (IsPlain(value) || std::fabs(value) <= 1) return FourDigits(value);
  return WithLargePrefix(value, 1024, {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"});
}

std::string HumanizeDuration(double value) {
  if (IsPlain(value)) return absl::StrCat(FourDigits(value), value == 0 ? "s" : "");
  if (std::fabs(value) < 1) return absl::StrCat(WithSmallPrefix(value), "s");
  const absl::string_view sign = value < 0 ? "-" : "";
  const double seconds = std::fabs(value);
  constexpr double kMostSeconds = 9.0e18;
  const auto whole = static_cast<int64_t>(std::min(seconds, kMostSeconds));
  const int64_t minutes = whole / 60, hours = minutes / 60, days = hours / 24;
  if (minutes == 0) return absl::StrCat(sign, FourDigits(seconds), "s");
  return absl::StrCat(sign, days > 0 ? absl::StrCat(days, "d ") : "",
                      hours > 0 ? absl::StrCat(hours % 24, "h ") : "", minutes % 60, "m ",
                      whole % 60, "s");
}

std::string HumanizePercentage(double value) { return absl::StrCat(FourDigits(value * 100), "%"); }

// A number's readable form; what is no number stays as it is.
template <std::string (*kFormat)(double)>
TemplateValue Readable(Args args) {
  const std::optional<TemplateNumber> number = TemplateToNumber(args[0]);
  if (!number) return TemplateText(args[0]);
  return absl::StrCat(kFormat(number->value), number->exact ? "" : "+");
}

TemplateValue ToUpper(Args args) { return absl::AsciiStrToUpper(TemplateText(args[0])); }

TemplateValue ToLower(Args args) { return absl::AsciiStrToLower(TemplateText(args[0])); }

TemplateValue Title(Args args) {
  std::string text = TemplateText(args[0]);
  bool in_word = false;
  for (char& c : text) {
    if (!in_word) c = absl::ascii_toupper(c);
    in_word = absl::ascii_isalnum(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  }
  return text;
}

TemplateValue Printf(Args args) { return TemplatePrintf(TemplateText(args[0]), args.subspan(1)); }

TemplateValue Index(Args args) {
  if (const auto* labels = std::get_if<const Labels*>(&args[0])) {
    return std::string((*labels)->Get(TemplateText(args[1])));
  }
  const auto* lines = std::get_if<const std::vector<std::string>*>(&args[0]);
  const std::optional<TemplateNumber> at = TemplateToNumber(args[1]);
  if (lines == nullptr || !at || !at->whole || *at->whole < 0) return std::string();
  const auto index = static_cast<size_t>(*at->whole);
  return index < (*lines)->size() ? (**lines)[index] : std::string();
}

TemplateValue Len(Args args) {
  size_t length = 0;
  if (const auto* labels = std::get_if<const Labels*>(&args[0])) {
    length = (*labels)->pairs().size();
  } else if (const auto* lines = std::get_if<const std::vector<std::string>*>(&args[0])) {
    length = (*lines)->size();
  } else {
    length = TemplateText(args[0]).size();
  }
  return TemplateNumber::Whole(static_cast<int64_t>(length));
}

// Numbers by size, all else by bytes.
int CompareValues(const TemplateValue& a, const TemplateValue& b) {
  const auto* x = std::get_if<TemplateNumber>(&a);
  const auto* y = std::get_if<TemplateNumber>(&b);
  if (x != nullptr && y != nullptr) {
    if (x->whole && y->whole) return *x->whole < *y->whole ? -1 : *x->whole > *y->whole;
    return x->value < y->value ? -1 : x->value > y->value;
  }
  const int order = TemplateText(a).compare(TemplateText(b));
  return order < 0 ? -1 : order > 0;
}

TemplateValue Eq(Args args) {
  return std::any_of(args.begin() + 1, args.end(), [&args](const TemplateValue& other) {
    return CompareValues(args[0], other) == 0;
  });
}
TemplateValue Ne(Args args) { return CompareValues(args[0], args[1]) != 0; }
TemplateValue Lt(Args args) { return CompareValues(args[0], args[1]) < 0; }
TemplateValue Le(Args args) { return CompareValues(args[0], args[1]) <= 0; }
TemplateValue Gt(Args args) { return CompareValues(args[0], args[1]) > 0; }
TemplateValue Ge(Args args) { return CompareValues(args[0], args[1]) >= 0; }
TemplateValue Not(Args args) { return !TemplateTruth(args[0]); }

// As in Go, the argument that decides is the result.
TemplateValue And(Args args) {
  const auto it = std::find_if(args.begin(), args.end() - 1,
                               [](const TemplateValue& value) { return !TemplateTruth(value); });
  return *it;
}
TemplateValue Or(Args args) {
  const auto it = std::find_if(args.begin(), args.end() - 1, TemplateTruth);
  return *it;
}

constexpr int kMany = 32;

constexpr TemplateFunction kFunctions[] = {
    {"and", 1, kMany, TemplateType::kAny, And},
    {"eq", 2, kMany, TemplateType::kBool, Eq},
    {"ge", 2, 2, TemplateType::kBool, Ge},
    {"gt", 2, 2, TemplateType::kBool, Gt},
    {"humanize", 1, 1, TemplateType::kText, Readable<Humanize>},
    {"humanize1024", 1, 1, TemplateType::kText, Readable<Humanize1024>},
    {"humanizeDuration", 1, 1, TemplateType::kText, Readable<HumanizeDuration>},
    {"humanizePercentage", 1, 1, TemplateType::kText, Readable<HumanizePercentage>},
    {"index", 2, 2, TemplateType::kText, Index},
    {"le", 2, 2, TemplateType::kBool, Le},
    {"len", 1, 1, TemplateType::kNumber, Len},
    {"lt", 2, 2, TemplateType::kBool, Lt},
    {"ne", 2, 2, TemplateType::kBool, Ne},
    {"not", 1, 1, TemplateType::kBool, Not},
    {"or", 1, kMany, TemplateType::kAny, Or},
    {"printf", 1, kMany, TemplateType::kText, Printf},
    {"title", 1, 1, TemplateType::kText, Title},
    {"toLower", 1, 1, TemplateType::kText, ToLower},
    {"toUpper", 1, 1, TemplateType::kText, ToUpper},
};

absl::Status CheckIndex(absl::Span<const TemplateType> types) {
  if (types[0] == TemplateType::kLabels) {
    if (types[1] == TemplateType::kText || types[1] == TemplateType::kAny) return absl::OkStatus();
    return absl::InvalidArgumentError("index: a label is looked up by a text");
  }
  if (types[0] == TemplateType::kLines) {
    if (types[1] == TemplateType::kNumber || types[1] == TemplateType::kAny) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError("index: a line is looked up by a number");
  }
  return absl::InvalidArgumentError(
      absl::StrCat("index looks into $labels or $lines, not into ", TemplateTypeName(types[0])));
}

// Texts that look like numbers are texts: "10" is before "9".
absl::Status CheckComparable(absl::string_view name, absl::Span<const TemplateType> types) {
  for (const TemplateType type : types) {
    if (type == TemplateType::kLines || type == TemplateType::kLabels) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " cannot compare ", TemplateTypeName(type)));
    }
    if (type != types[0] && type != TemplateType::kAny && types[0] != TemplateType::kAny) {
      return absl::InvalidArgumentError(absl::StrCat(name, " compares ", TemplateTypeName(types[0]),
                                                     " with ", TemplateTypeName(type)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

const TemplateFunction* FindTemplateFunction(absl::string_view name) {
  for (const TemplateFunction& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

std::vector<std::string> TemplateFunctionNames() {
  std::vector<std::string> names;
  for (const TemplateFunction& function : kFunctions) names.emplace_back(function.name);
  return names;
}

absl::Status CheckTemplateCall(const TemplateFunction& function,
                               absl::Span<const TemplateType> types) {
  const int count = static_cast<int>(types.size());
  if (count < function.min_args || count > function.max_args) {
    return absl::InvalidArgumentError(absl::StrCat(
        function.name, " takes ",
        function.min_args == function.max_args ? absl::StrCat(function.min_args)
                                               : absl::StrCat("at least ", function.min_args),
        function.min_args == 1 ? " value" : " values", ", here are ", count));
  }
  for (const TemplateType type : types) {
    if (type == TemplateType::kEverything) {
      return TextFault(0, ". stands for everything here", "use .Labels, .Value or .Lines");
    }
  }
  if (function.call == Index) return CheckIndex(types);
  if (function.result == TemplateType::kBool && function.min_args == 2) {
    return CheckComparable(function.name, types);
  }
  return absl::OkStatus();
}

}  // namespace tallybell
