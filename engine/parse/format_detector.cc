// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/format_detector.h"

#include "absl/strings/ascii.h"
#include "engine/parse/line_parser.h"

namespace tallybell {

FormatDetector::FormatDetector() : headers_(AllLineFormats().size() - 1) {}

void FormatDetector::Add(absl::string_view text) {
  if (settled() || absl::StripAsciiWhitespace(text).empty()) return;
  ++lines_;
  static const WantedFields kNone;
  ParsedLine line;
  for (size_t i = 0; i < headers_.size(); ++i) {
    LineParser::Only(AllLineFormats()[i], &kNone).Parse(text, &line);
    if (line.kind != ParsedLine::Kind::kContinuation && !line.malformed) ++headers_[i];
  }
}

const LineFormat& FormatDetector::format() const {
  size_t best = headers_.size();
  for (size_t i = headers_.size(); i-- > 0;) {
    if (headers_[i] > 0 && (best == headers_.size() || headers_[i] >= headers_[best])) best = i;
  }
  return AllLineFormats()[best];
}

}  // namespace tallybell
