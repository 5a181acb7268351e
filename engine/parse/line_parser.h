// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_PARSE_LINE_PARSER_H_
#define TALLYBELL_ENGINE_PARSE_LINE_PARSER_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// Reads the lines of one source, whose format is known by now. A plain value; thread-safe.
class LineParser {
 public:
  // `format` is a row of the table: of FindLineFormat or of a FormatDetector.
  explicit LineParser(const LineFormat& format) : format_(&format) {}

  // Puts what `text` says into `*line`, which is emptied first. `text` is a line after its envelope
  // is taken off and it is cleaned.
  void Parse(absl::string_view text, ParsedLine* line) const {
    line->kind = ParsedLine::Kind::kContinuation;
    line->severity = Severity::kUnknown;
    line->stamp.reset();
    line->fields.Clear();
    format_->parse(text, line);
  }

  const LineFormat& format() const { return *format_; }

 private:
  const LineFormat* format_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_LINE_PARSER_H_
