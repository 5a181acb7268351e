// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/line_parser.h"

#include "engine/parse/prefixed_glog_format.h"

namespace tallybell {

void LineParser::Parse(absl::string_view text, ParsedLine* line) const {
  line->Clear();
  format_->parse(text, *wanted_, line);
  if (line->kind != ParsedLine::Kind::kContinuation) {
    line->format = format_;
    return;
  }
  if (!mixed_) return;
  for (const LineFormat& other : AllLineFormats()) {
    if (&other != format_ && TryOther(other, text, line)) return;
  }
  if (ParsePrefixedGlog(text, *wanted_, line)) line->format = FindLineFormat("glog");
}

bool LineParser::TryOther(const LineFormat& other, absl::string_view text, ParsedLine* line) const {
  // Only the plain format takes what has no header.
  if (text.empty() || &other == &AllLineFormats().back() || !other.MayBegin(text)) return false;
  other.parse(text, *wanted_, line);
  const bool says_something = line->stamp.has_value() || line->severity != Severity::kUnknown ||
                              line->kind == ParsedLine::Kind::kFileLine;
  if (line->kind != ParsedLine::Kind::kContinuation && !line->malformed && says_something) {
    line->format = &other;
    return true;
  }
  line->Clear();
  return false;
}

}  // namespace tallybell
