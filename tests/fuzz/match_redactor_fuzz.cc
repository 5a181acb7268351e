// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Lines as patterns, one of them as what is redacted: nothing that a literal names is left, and
// the rest stays as it is.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "engine/match/redactor.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Pattern;
using tallybell::Redactor;
using tallybell::Require;

Redactor Of(Pattern pattern) {
  std::vector<Pattern> patterns;
  patterns.push_back(std::move(pattern));
  return Redactor(std::move(patterns));
}

void CheckLiteral(const std::string& literal, absl::string_view text) {
  const std::string redacted = Of(Pattern::Literal(literal)).Redact(text);
  if (literal.empty()) {
    Require(redacted == text);
    return;
  }
  Require(redacted == absl::StrReplaceAll(text, {{literal, Redactor::kReplacement}}));
  for (const absl::string_view left : absl::StrSplit(redacted, Redactor::kReplacement)) {
    Require(!absl::StrContains(left, literal));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tallybell::FuzzInput input(data, size);
  const std::string first(input.Line());
  const std::string second(input.Line());
  const absl::string_view text = input.rest();
  CheckLiteral(first, text);

  absl::StatusOr<Pattern> regex = Pattern::Regex(second, first.size() % 2 == 0);
  if (!regex.ok()) return 0;
  const bool found = regex->Find(text, nullptr);
  const std::string redacted = Of(*std::move(regex)).Redact(text);
  if (!found) Require(redacted == text);
  if (!absl::StrContains(redacted, Redactor::kReplacement)) Require(redacted == text);
  const auto times = static_cast<size_t>(std::count(redacted.begin(), redacted.end(), '['));
  Require(redacted.size() <= text.size() + times * Redactor::kReplacement.size());
  return 0;
}
