// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/line_search.h"

#include "engine/frame/line_text.h"
#include "engine/run/source_line.h"

namespace tallybell {

namespace {

constexpr int kStream = 0;  // what has no envelope is of no stream of a runtime

}  // namespace

LineSearch::LineSearch(const CandidateRules* rules, const RuleMatcher* matcher,
                       const SourceFormat* format, const SourceStreams* streams)
    : rules_(rules), format_(format), streams_(streams) {
  if (format->envelope == EnvelopeKind::kNone) matcher_ = matcher;
}

LineSearch::Worker::Worker(const LineSearch* search)
    : search_(*search), scratch_(search->rules_->NewScratch()) {
  if (search->matcher_ == nullptr) return;
  parser_ = search->format_->Parser(&search->matcher_->wanted_fields());
  record_.stream = &search->streams_->labels(kStream);
  record_.fields = &parsed_.fields;
}

void LineSearch::Worker::Find(absl::string_view bytes, const ByteFacts& facts, FoundLines* found) {
  found->Clear();
  search_.rules_->Find(bytes, scratch_.get(), &found->lines, facts.has_escape);
  if (!parser_.has_value()) return;
  const std::vector<CandidateLines::Line>& lines = found->lines.lines();
  found->matched.reserve(lines.size());
  lent_ = 0;
  for (const CandidateLines::Line& line : lines) {
    search_.rules_->RulesOf(found->lines, line, &candidates_);
    FoundLines::Matched& matched = found->matched.emplace_back();
    const absl::string_view raw = bytes.substr(line.begin, line.end - line.begin);
    matched.known = Match(raw, facts.plain(), &matched);
  }
  CopyLent(found);
}

// Whoever shows a line later must not look where it stood: the file may be another one by then.
void LineSearch::Worker::CopyLent(FoundLines* found) const {
  found->texts.Empty(lent_);
  absl::string_view last;
  absl::string_view copy;
  for (FoundLines::Matched& matched : found->matched) {
    for (RuleMatch& match : matched.matches) {
      if (!match.evidence.lent()) continue;
      const absl::string_view text = match.evidence;
      // A line that counts for many rules is copied once.
      if (text.data() != last.data() || text.size() != last.size()) {
        last = text;
        copy = found->texts.Put(text);
      }
      match.evidence = LentText::Lend(copy);
    }
  }
}

// False for lines that may inherit from others.
bool LineSearch::Worker::Match(absl::string_view raw, bool plain, FoundLines::Matched* matched) {
  const absl::string_view text =
      plain ? PlainLineText(raw) : LineText(raw, /*first=*/false, &text_scratch_);
  ParseRecordText(*parser_, text, &parsed_);
  if (parsed_.kind != ParsedLine::Kind::kRecord || parsed_.malformed) return false;
  matched->stamp = parsed_.stamp;
  matched->format = parsed_.format;
  record_.text = text;
  record_.severity = parsed_.severity;
  const bool stays = text.data() != text_scratch_.data();
  // There is one stream: the rules that are looked for are those that select it.
  search_.matcher_->Find(record_, candidates_, &matched->matches, /*lend=*/stays);
  for (const RuleMatch& match : matched->matches) lent_ += match.evidence.size();
  return true;
}

}  // namespace tallybell
