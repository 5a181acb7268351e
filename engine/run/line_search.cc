// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/line_search.h"

#include "engine/frame/line_text.h"
#include "engine/run/source_line.h"

namespace tallybell {

LineSearch::LineSearch(const CandidateRules* rules, const RuleMatcher* matcher,
                       const SourceFormat* format, const SourceStreams* streams)
    : rules_(rules), format_(format), streams_(streams) {
  if (format->envelope == EnvelopeKind::kNone) matcher_ = matcher;
}

LineSearch::Worker::Worker(const LineSearch* search)
    : search_(*search), scratch_(search->rules_->NewScratch()) {
  if (search->matcher_ != nullptr) {
    parser_ = search->format_->Parser(&search->matcher_->wanted_fields());
  }
}

void LineSearch::Worker::Find(absl::string_view bytes, bool may_have_escape, FoundLines* found) {
  found->Clear();
  search_.rules_->Find(bytes, scratch_.get(), &found->lines, may_have_escape);
  if (!parser_.has_value()) return;
  const std::vector<CandidateLines::Line>& lines = found->lines.lines();
  found->matched.resize(lines.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    search_.rules_->RulesOf(found->lines, lines[i], &candidates_);
    FoundLines::Matched& matched = found->matched[i];
    const absl::string_view raw = bytes.substr(lines[i].begin, lines[i].end - lines[i].begin);
    matched.known = Match(raw, &matched);
  }
}

// False for lines that may inherit from others.
bool LineSearch::Worker::Match(absl::string_view raw, FoundLines::Matched* matched) {
  constexpr int kStream = 0;  // what has no envelope is of no stream of a runtime
  const absl::string_view text = LineText(raw, /*first=*/false, &text_scratch_);
  ParsedLine parsed;
  ParseRecordText(*parser_, text, &parsed);
  if (parsed.kind != ParsedLine::Kind::kRecord || parsed.malformed) return false;
  matched->stamp = parsed.stamp;
  matched->format = parsed.format;
  selected_.clear();
  search_.streams_->Select(kStream, candidates_, &selected_);
  if (selected_.empty()) return true;
  Record record;
  record.text = text;
  record.stream = &search_.streams_->labels(kStream);
  record.severity = parsed.severity;
  record.fields = std::move(parsed.fields);
  search_.matcher_->Find(record, selected_, &matched->matches);
  return true;
}

}  // namespace tallybell
