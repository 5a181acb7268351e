// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_line.h"

#include "engine/frame/line_text.h"

namespace tallybell {

void ParseRecordText(const LineParser& parser, absl::string_view text, ParsedLine* parsed) {
  parser.Parse(text, parsed);
  if (parsed->kind == ParsedLine::Kind::kRecord && !parsed->malformed) return;
  const size_t first_line = text.find('\n');
  if (first_line != absl::string_view::npos) parser.Parse(text.substr(0, first_line), parsed);
}

void SourceLineReader::Use(const SourceFormat* format, const WantedFields* wanted) {
  format_ = format;
  parser_ = format->Parser(wanted);
}

void SourceLineReader::Unwrap(absl::string_view raw, SourceLine* line) {
  line->enveloped = tallybell::Unwrap(format_->envelope, raw, &unwrap_scratch_);
  line->stream = streams_->Number(line->enveloped);
}

absl::string_view SourceLineReader::Clean(absl::string_view text, bool first) {
  return LineText(text, first, &text_scratch_);
}

std::optional<Stamp> SourceLineReader::StampOf(const SourceLine& line) const {
  if (line.is_record() && line.parsed.stamp.has_value()) {
    return clock_->InEnvelope(*line.parsed.stamp, line.enveloped.time,
                              line.enveloped.utc_offset_seconds);
  }
  if (line.enveloped.time != kNoTime) return Stamp::At(line.enveloped.time);
  return std::nullopt;
}

}  // namespace tallybell
