// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/engine/parse/described_line.h"

#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "engine/parse/line_parser.h"
#include "tests/engine/parse/line_oracle.h"

namespace tallybell {
namespace {

std::string Described(const LineParser& parser, absl::string_view text) {
  std::unique_ptr<char[]> exact(new char[text.size()]);
  if (!text.empty()) std::memcpy(exact.get(), text.data(), text.size());
  ParsedLine parsed;
  parser.Parse(absl::string_view(exact.get(), text.size()), &parsed);
  if (parsed.kind == ParsedLine::Kind::kContinuation) return "no header";
  std::string described = LineAsParsed(parsed);
  if (!parsed.fields.all().empty()) described += " |";
  for (const Field& field : parsed.fields.all()) {
    absl::StrAppend(&described, " ", field.name, "=", field.value);
  }
  return described;
}

}  // namespace

std::string DescribedLine(absl::string_view format, absl::string_view text,
                          const WantedFields& wanted) {
  return Described(LineParser::Only(*FindLineFormat(format), &wanted), text);
}

std::string DescribedLine(absl::string_view format, absl::string_view text) {
  return DescribedLine(format, text, WantedFields::All());
}

std::string DescribedMixedLine(absl::string_view format, absl::string_view text) {
  const WantedFields wanted = WantedFields::All();
  return Described(LineParser::Mostly(*FindLineFormat(format), &wanted), text);
}

}  // namespace tallybell
