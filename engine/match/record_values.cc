// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/match/record_values.h"

#include <algorithm>

namespace tallybell {

bool RecordValues::FindFirst(const std::vector<Pattern>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [this](const Pattern& pattern) {
    return pattern.capture_names().empty()
               ? pattern.Find(record_->text, &match_)
               : pattern.FindCaptures(record_->text, &match_, &captures_);
  });
}

void RecordValues::PreferCapturesOf(const RecordValues& other) {
  captures_.insert(captures_.begin(), other.captures_.begin(), other.captures_.end());
}

absl::string_view RecordValues::ForWhere(absl::string_view name) const {
  absl::string_view value = FieldOf(name);
  if (value.empty()) value = Capture(name);
  return value.empty() ? record_->stream->Get(name) : value;
}

absl::string_view RecordValues::ForBy(absl::string_view name) const {
  absl::string_view value = record_->stream->Get(name);
  if (value.empty()) value = Capture(name);
  return value.empty() ? FieldOf(name) : value;
}

absl::string_view RecordValues::Capture(absl::string_view name) const {
  for (const auto& [capture, value] : captures_) {
    if (capture == name) return value;
  }
  return {};
}

// `severity` is a field like the others.
absl::string_view RecordValues::FieldOf(absl::string_view name) const {
  if (name == "severity") return SeverityName(record_->severity);
  return record_->fields == nullptr ? absl::string_view() : record_->fields->Get(name);
}

}  // namespace tallybell
