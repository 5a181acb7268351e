// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/template_printf.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/utf8.h"
#include "rules/quoted_text.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

// One "%-8.2f", or a run of text before it.
struct Directive {
  absl::string_view text;
  bool minus = false;
  bool plus = false;
  bool space = false;
  bool zero = false;
  int width = 0;
  int precision = -1;
  char verb = 0;  // 0 at the end of the format
};

// Reads up to `max_digits` digits; -1 if there are more.
int TakeDigits(absl::string_view* rest, int max_digits) {
  int value = 0;
  for (int digits = 0; !rest->empty() && absl::ascii_isdigit((*rest)[0]); ++digits) {
    if (digits == max_digits) return -1;
    value = value * 10 + ((*rest)[0] - '0');
    rest->remove_prefix(1);
  }
  return value;
}

bool TakeFlag(absl::string_view* rest, Directive* directive) {
  if (rest->empty()) return false;
  switch ((*rest)[0]) {
    case '-':
      directive->minus = true;
      break;
    case '+':
      directive->plus = true;
      break;
    case ' ':
      directive->space = true;
      break;
    case '0':
      directive->zero = true;
      break;
    default:
      return false;
  }
  rest->remove_prefix(1);
  return true;
}

// Takes the text up to the next directive, and that directive.
absl::StatusOr<Directive> TakeDirective(absl::string_view* rest) {
  Directive directive;
  const size_t percent = rest->find('%');
  directive.text = rest->substr(0, percent);
  rest->remove_prefix(directive.text.size());
  if (rest->empty()) return directive;
  const absl::string_view begin = *rest;
  rest->remove_prefix(1);
  while (TakeFlag(rest, &directive)) {
  }
  directive.width = TakeDigits(rest, 3);
  if (!rest->empty() && (*rest)[0] == '.') {
    rest->remove_prefix(1);
    directive.precision = TakeDigits(rest, 2);
    if (directive.precision < 0) directive.width = -1;
  }
  if (rest->empty()) return absl::InvalidArgumentError("printf: the format ends within a verb");
  directive.verb = (*rest)[0];
  rest->remove_prefix(1);
  const absl::string_view written = begin.substr(0, begin.size() - rest->size());
  if (directive.width < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("printf: ", written, " has too large a width or precision"));
  }
  if (absl::string_view("svdfFeEgGqt%").find(directive.verb) == absl::string_view::npos) {
    return TextFault(0, absl::StrCat("printf: there is no verb ", Utf8Truncate(written, 16)),
                     "%s %v %d %f %e %g %q %t %%");
  }
  return directive;
}

std::string Pad(std::string text, const Directive& directive) {
  const auto length = static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
  const auto width = static_cast<size_t>(directive.width);
  if (length >= width) return text;
  const std::string blanks(width - length, ' ');
  return directive.minus ? text + blanks : blanks + text;
}

std::string TakeCharacters(absl::string_view text, int count) {
  size_t end = 0;
  while (end < text.size() && count > 0) {
    ++end;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    --count;
  }
  return std::string(text.substr(0, end));
}

// Go's way to say that a value does not fit its verb.
std::string Misfit(char verb, const TemplateValue& value) {
  return absl::StrCat("%!", absl::string_view(&verb, 1), "(", TemplateText(value), ")");
}

std::string FormatDouble(const Directive& directive, double value) {
  std::string format = "%";
  if (directive.plus) format.push_back('+');
  if (directive.space) format.push_back(' ');
  if (directive.zero && !directive.minus) absl::StrAppend(&format, "0", directive.width);
  if (directive.verb == 'd') {
    format.append(".0f");
  } else {
    if (directive.precision >= 0) absl::StrAppend(&format, ".", directive.precision);
    format.push_back(directive.verb);
  }
  std::string text;
  const auto parsed = absl::ParsedFormat<absl::FormatConversionCharSet::kFloating>::New(format);
  if (parsed == nullptr) return text;
  return absl::StrFormat(*parsed, value);
}

std::string FormatInteger(const Directive& directive, int64_t value) {
  std::string format = "%";
  if (directive.plus) format.push_back('+');
  if (directive.space) format.push_back(' ');
  if (directive.zero && !directive.minus) absl::StrAppend(&format, "0", directive.width);
  format.push_back('d');
  const auto parsed = absl::ParsedFormat<'d'>::New(format);
  return parsed == nullptr ? "" : absl::StrFormat(*parsed, value);
}

std::string FormatNumber(const Directive& directive, const TemplateValue& value) {
  const std::optional<TemplateNumber> number = TemplateToNumber(value);
  if (!number) return Misfit(directive.verb, value);
  std::string text;
  if (directive.verb == 'd') {
    if (!number->whole) return Misfit(directive.verb, value);
    text = FormatInteger(directive, *number->whole);
  } else if ((directive.verb == 'g' || directive.verb == 'G') && directive.precision < 0) {
    text = FormatShortest(number->value);
  } else {
    text = FormatDouble(directive, number->value);
  }
  return number->exact ? text : absl::StrCat(text, "+");
}

std::string FormatValue(const Directive& directive, const TemplateValue& value) {
  switch (directive.verb) {
    case 's':
    case 'v': {
      const std::string text = TemplateText(value);
      return directive.precision >= 0 ? TakeCharacters(text, directive.precision) : text;
    }
    case 'q':
      return Quote(TemplateText(value));
    case 't':
      return std::holds_alternative<bool>(value) ? TemplateText(value)
                                                 : Misfit(directive.verb, value);
    default:
      return FormatNumber(directive, value);
  }
}

}  // namespace

absl::StatusOr<int> CountPrintfVerbs(absl::string_view format) {
  int verbs = 0;
  while (!format.empty()) {
    const absl::StatusOr<Directive> directive = TakeDirective(&format);
    if (!directive.ok()) return directive.status();
    if (directive->verb != 0 && directive->verb != '%') ++verbs;
  }
  return verbs;
}

std::string TemplatePrintf(absl::string_view format, absl::Span<const TemplateValue> values) {
  std::string text;
  size_t next = 0;
  while (!format.empty()) {
    const absl::StatusOr<Directive> directive = TakeDirective(&format);
    if (!directive.ok()) return text;
    absl::StrAppend(&text, directive->text);
    if (directive->verb == 0) break;
    if (directive->verb == '%') {
      text.push_back('%');
    } else if (next < values.size()) {
      text.append(Pad(FormatValue(*directive, values[next++]), *directive));
    }
  }
  return text;
}

}  // namespace tallybell
