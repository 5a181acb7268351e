// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_PARSE_LINE_PARSER_H_
#define TALLYBELL_ENGINE_PARSE_LINE_PARSER_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// Reads the lines of one source, whose format is known by now. A plain value; thread-safe. Formats
// are rows of the table: of FindLineFormat or of a FormatDetector. `wanted` outlives it.
class LineParser {
 public:
  // For a source whose format somebody named: no line is anything else.
  static LineParser Only(const LineFormat& format, const WantedFields* wanted) {
    return LineParser(format, false, wanted);
  }

  // For a source whose format was found out: most lines are of `format`, but programs share streams
  // with the libraries they use, and each line is read for what it is. A header of another format
  // is believed if it states a time or a severity, and at last a glog header behind what somebody
  // put before it (engine/parse/prefixed_glog_format.h). Plain sources have no headers at all.
  static LineParser Mostly(const LineFormat& format, const WantedFields* wanted) {
    return LineParser(format, &format != FindLineFormat("plain"), wanted);
  }

  // Puts what `text` says into `*line`, which is emptied first. `text` is a line after its envelope
  // is taken off and it is cleaned.
  void Parse(absl::string_view text, ParsedLine* line) const;

  const LineFormat& format() const { return *format_; }
  // Whether lines of other formats are known too.
  bool mixed() const { return mixed_; }

 private:
  LineParser(const LineFormat& format, bool mixed, const WantedFields* wanted)
      : format_(&format), mixed_(mixed), wanted_(wanted) {}

  bool TryOther(const LineFormat& other, absl::string_view text, ParsedLine* line) const;

  const LineFormat* format_;
  bool mixed_;
  const WantedFields* wanted_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_LINE_PARSER_H_
