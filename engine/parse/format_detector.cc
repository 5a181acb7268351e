// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/format_detector.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "engine/parse/line_parser.h"
#include "engine/parse/prefixed_glog_format.h"

namespace tallybell {
namespace {

// The row with the greatest count, the first of equals.
size_t Greatest(const std::vector<int>& counts) {
  return std::max_element(counts.begin(), counts.end()) - counts.begin();
}

}  // namespace

FormatDetector::FormatDetector()
    : timed_(AllLineFormats().size()), timeless_(AllLineFormats().size()) {}

void FormatDetector::Add(absl::string_view text) {
  if (settled() || absl::StripAsciiWhitespace(text).empty()) return;
  ++lines_;
  bool timed = false;
  const LineFormat* const format = Reads(text, &timed);
  if (format != nullptr) ++(timed ? timed_ : timeless_)[format - AllLineFormats().data()];
}

// The format that takes the line for a header, or null; `*timed` if it is one of the file or states
// a time.
const LineFormat* FormatDetector::Reads(absl::string_view text, bool* timed) const {
  static const WantedFields kNone;
  ParsedLine line;
  for (const LineFormat& format : AllLineFormats().first(AllLineFormats().size() - 1)) {
    if (!format.MayBegin(text)) continue;
    LineParser::Only(format, &kNone).Parse(text, &line);
    if (line.kind == ParsedLine::Kind::kContinuation || line.malformed) continue;
    *timed = line.stamp.has_value() || line.kind == ParsedLine::Kind::kFileLine;
    return &format;
  }
  line.Clear();
  *timed = ParsePrefixedGlog(text, kNone, &line);
  return *timed ? FindLineFormat("glog") : nullptr;
}

const LineFormat& FormatDetector::format() const {
  constexpr int kEnoughTimeless = 4;  // one line in so many
  const size_t timed = Greatest(timed_);
  if (timed_[timed] > 0) return AllLineFormats()[timed];
  const size_t timeless = Greatest(timeless_);
  const bool enough = timeless_[timeless] > 0 && timeless_[timeless] * kEnoughTimeless >= lines_;
  return enough ? AllLineFormats()[timeless] : AllLineFormats().back();
}

}  // namespace tallybell
