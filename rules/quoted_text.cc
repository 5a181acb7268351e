// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/quoted_text.h"

#include "absl/strings/str_cat.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

// The byte that "\c" stands for, or 0 if there is no such escape.
char Unescape(char c) {
  switch (c) {
    case '\\':
    case '"':
    case '\'':
      return c;
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

absl::StatusOr<std::string> TakeQuoted(absl::string_view text, size_t* pos) {
  const size_t begin = *pos;
  const char quote = text[begin];
  std::string value;
  for (size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      *pos = i + 1;
      return value;
    }
    if (text[i] == '\\' && quote != '`') {
      if (i + 1 == text.size()) break;
      const char c = Unescape(text[i + 1]);
      if (c == 0) {
        return TextFault(i, "unknown escape in a quoted text",
                         "write a backslash as \\\\, or quote with ` where it is itself");
      }
      value.push_back(c);
      ++i;
      continue;
    }
    value.push_back(text[i]);
  }
  return TextFault(begin, absl::StrCat("the quoted text has no closing ", text.substr(begin, 1)));
}

absl::Status MoveQuotedFault(const absl::Status& fault, absl::string_view text, size_t begin,
                             size_t end) {
  const size_t offset = TextFaultOffset(fault);
  const absl::string_view raw = text.substr(begin + 1, end - begin - 1);
  if (text[begin] == '`' || raw.substr(0, offset).find('\\') == absl::string_view::npos) {
    return MoveTextFault(fault, begin + 1);
  }
  return TextFault(begin, fault.message(), TextFaultAdvice(fault));
}

std::string Quote(absl::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    switch (c) {
      case '\\':
      case '"':
        quoted.push_back('\\');
        quoted.push_back(c);
        break;
      case '\n':
        quoted.append("\\n");
        break;
      case '\r':
        quoted.append("\\r");
        break;
      case '\t':
        quoted.append("\\t");
        break;
      default:
        quoted.push_back(c);
    }
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace tallybell
