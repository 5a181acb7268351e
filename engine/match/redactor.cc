// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/match/redactor.h"

#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

std::string ReplaceAll(const Pattern& pattern, absl::string_view text) {
  std::string out;
  absl::string_view match;
  while (!text.empty() && pattern.Find(text, &match)) {
    const size_t before = match.data() - text.data();
    absl::StrAppend(&out, text.substr(0, before));
    if (match.empty()) {
      // A pattern that matches nothing at all takes nothing out.
      if (before == text.size()) return out;
      out.push_back(text[before]);
      text.remove_prefix(before + 1);
      continue;
    }
    absl::StrAppend(&out, Redactor::kReplacement);
    text.remove_prefix(before + match.size());
  }
  absl::StrAppend(&out, text);
  return out;
}

}  // namespace

std::string Redactor::Redact(absl::string_view text) const {
  std::string redacted(text);
  for (const Pattern& pattern : patterns_) redacted = ReplaceAll(pattern, redacted);
  return redacted;
}

}  // namespace tallybell
