// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_LINE_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_LINE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/frame/envelope.h"
#include "engine/model/field_name.h"
#include "engine/parse/line_parser.h"
#include "engine/parse/source_clock.h"
#include "engine/run/source_format.h"
#include "engine/run/source_streams.h"

namespace tallybell {

// A line with its envelope off, cleaned and parsed. Views of the raw line, or of the scratch of the
// SourceLineReader that read it.
struct SourceLine {
  EnvelopedLine enveloped;
  int stream = 0;          // a number of SourceStreams
  absl::string_view text;  // what patterns see
  ParsedLine parsed;

  bool is_record() const { return parsed.kind == ParsedLine::Kind::kRecord; }
  bool is_file_line() const { return parsed.kind == ParsedLine::Kind::kFileLine; }
};

// Reads `text`, which is one line, or several that are one record: as a whole if that makes sense,
// else as what its first line says.
void ParseRecordText(const LineParser& parser, absl::string_view text, ParsedLine* parsed);

// Takes lines of one source apart as its format says. Everyone who reads lines while others do has
// one of its own, for the scratch. Used by one thread at a time.
class SourceLineReader {
 public:
  // Both outlive it.
  SourceLineReader(SourceStreams* streams, const SourceClock* clock)
      : streams_(streams), clock_(clock) {}

  // What the lines look like; before all else. `format` and `wanted` outlive it.
  void Use(const SourceFormat* format, const WantedFields* wanted);

  // All at once; `first`: of its file.
  void Read(absl::string_view raw, bool first, SourceLine* line) {
    Unwrap(raw, line);
    Parse(Clean(line->enveloped.text, first), line);
  }

  // One step after the other, for lines that are put together in between.
  void Unwrap(absl::string_view raw, SourceLine* line);
  absl::string_view Clean(absl::string_view text, bool first);
  void Parse(absl::string_view text, SourceLine* line) const {
    line->text = text;
    ParseRecordText(*parser_, text, &line->parsed);
  }

  // The time that a record states: its line, else its envelope.
  std::optional<Stamp> StampOf(const SourceLine& line) const;

  const SourceFormat& format() const { return *format_; }
  const LineParser& parser() const { return *parser_; }

 private:
  SourceStreams* const streams_;
  const SourceClock* const clock_;
  const SourceFormat* format_ = nullptr;
  std::optional<LineParser> parser_;
  std::string unwrap_scratch_, text_scratch_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_LINE_H_
