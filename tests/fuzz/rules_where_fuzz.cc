// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The first line as a condition, the others as name=value fields: the one text for a condition
// reads back as the same, and `not`, `and` and `or` are what logic says.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "rules/where.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Require;
using tallybell::Where;
using FieldValues = std::map<std::string, std::string, std::less<>>;

bool Holds(const Where& where, const FieldValues& fields) {
  return where.Holds([&fields](absl::string_view name) -> absl::string_view {
    const auto it = fields.find(name);
    return it == fields.end() ? absl::string_view() : it->second;
  });
}

// Whether `text` holds, or `otherwise` where it is no condition: one that was put together may be
// over a limit.
bool HoldsIn(absl::string_view text, const FieldValues& fields, bool otherwise) {
  const absl::StatusOr<Where> where = Where::Parse(text);
  return where.ok() ? Holds(*where, fields) : otherwise;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tallybell::FuzzInput input(data, size);
  const absl::string_view text = input.Line();
  FieldValues fields;
  while (!input.empty() && fields.size() < 20) {
    tallybell::FuzzInput line(input.Line());
    const std::string name(line.Part('='));
    fields[name] = std::string(line.rest());
  }
  const absl::StatusOr<Where> where = Where::Parse(text);
  if (!where.ok()) {
    Require(absl::IsInvalidArgument(where.status()) && !where.status().message().empty());
    return 0;
  }
  const bool holds = Holds(*where, fields);
  const std::string written = where->ToString();
  const absl::StatusOr<Where> again = Where::Parse(written);
  Require(again.ok() && again->ToString() == written);
  Require(Holds(*again, fields) == holds && again->fields() == where->fields());

  Require(HoldsIn(absl::StrCat("not (", text, ")"), fields, !holds) == !holds);
  Require(HoldsIn(absl::StrCat("not not (", text, ")"), fields, holds) == holds);
  Require(HoldsIn(absl::StrCat("(", text, ") and not (", text, ")"), fields, false) == false);
  Require(HoldsIn(absl::StrCat("(", text, ") or not (", text, ")"), fields, true) == true);
  // Only what it reads can change it.
  FieldValues read;
  for (const std::string& name : where->fields()) {
    const auto it = fields.find(name);
    if (it != fields.end()) read.insert(*it);
  }
  Require(Holds(*where, read) == holds);
  return 0;
}
