// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/line_search.h"

#include <algorithm>
#include <variant>

#include "engine/frame/line_text.h"
#include "engine/run/source_line.h"

namespace tallybell {

namespace {

constexpr int kStream = 0;  // what has no envelope is of no stream of a runtime

// Whether lines are so long that what is known of them takes no more memory than they do.
bool AreWorthKnowing(absl::string_view bytes, const ByteFacts& facts) {
  constexpr size_t kShortLine = 16;  // bytes
  return static_cast<size_t>(facts.lines()) <= bytes.size() / kShortLine + 1;
}

// Of so many pairs of a line and a rule one may fail to match, and some more, before it is worth
// looking for literals.
constexpr size_t kFewFail = 16;
constexpr size_t kSomeFail = 32;

bool AreQuick(const std::vector<Pattern>& patterns) {
  return std::all_of(patterns.begin(), patterns.end(),
                     [](const Pattern& pattern) { return pattern.is_quick(); });
}

// Whether a line that holds none of the rule's literals costs little all the same.
bool IsQuick(const Leaf& leaf) {
  const auto any = std::find_if(leaf.stages.begin(), leaf.stages.end(), [](const Stage& stage) {
    return std::holds_alternative<Stage::AnyOf>(stage.test);
  });
  // Without patterns a rule has no literals, and sees every line.
  if (any == leaf.stages.end()) return true;
  return any == leaf.stages.begin() && AreQuick(std::get<Stage::AnyOf>(any->test).patterns) &&
         AreQuick(leaf.clear);
}

}  // namespace

LineSearch::LineSearch(const CandidateRules* rules, const RuleMatcher* matcher,
                       const SourceFormat* format, const SourceStreams* streams)
    : rules_(rules), format_(format), streams_(streams) {
  if (format->envelope != EnvelopeKind::kNone) return;
  matcher_ = matcher;
  const std::vector<uint32_t>& selected = rules->selected();
  quick_ = std::all_of(selected.begin(), selected.end(),
                       [&](uint32_t rule) { return IsQuick(matcher->rule(rule).leaf()); });
}

LineSearch::Worker::Worker(const LineSearch* search)
    : search_(*search), scratch_(search->rules_->NewScratch()) {
  if (search->matcher_ == nullptr) return;
  parser_ = search->format_->Parser(&search->matcher_->wanted_fields());
  record_.stream = &search->streams_->labels(kStream);
  record_.fields = &parsed_.fields;
}

ByteFacts LineSearch::Worker::Find(absl::string_view bytes, FoundLines* found) {
  found->Clear();
  matches_ = lent_ = 0;
  ByteFacts facts;
  // Both find the same.
  if (most_match_) facts = LookAtBytes(bytes);
  if (!most_match_ || !AreWorthKnowing(bytes, facts) || !MatchEveryLine(bytes, facts, found)) {
    facts = MatchCandidates(bytes, found);
  }
  const auto lines = static_cast<size_t>(facts.lines());
  const size_t pairs = lines * search_.rules_->selected().size();
  most_match_ = search_.quick_ && matches_ > 0 && pairs - matches_ <= lines / kFewFail;
  CopyLent(found);
  return facts;
}

// Without looking for literals first, which spares nothing where nearly all lines have them; it is
// done for those lines only that match nothing. False if too many do not: this is the wrong way.
bool LineSearch::Worker::MatchEveryLine(absl::string_view bytes, const ByteFacts& facts,
                                        FoundLines* found) {
  candidates_ = search_.rules_->selected();
  found->matched.reserve(static_cast<size_t>(facts.lines()));
  size_t pairs = 0;
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t end = std::min(bytes.find('\n', begin), bytes.size());
    FoundLines::Matched& matched = found->matched.emplace_back();
    matched.known = Match(bytes.substr(begin, end - begin), facts.plain(), &matched);
    pairs += candidates_.size();
    if (matched.matches.size() < candidates_.size() &&
        pairs - matches_ > kSomeFail + pairs / kFewFail) {
      found->Clear();
      matches_ = lent_ = 0;
      return false;
    }
    if (matched.matches.empty() && !MayCount(bytes.substr(begin, end + 1 - begin))) {
      found->matched.pop_back();
    } else {
      found->lines.AddForEveryPattern(begin, end);
    }
    begin = end + 1;
  }
  return true;
}

ByteFacts LineSearch::Worker::MatchCandidates(absl::string_view bytes, FoundLines* found) {
  ByteFacts facts;
  const auto look = [&facts](absl::string_view step) {
    facts.Add(step);
    return facts.has_escape;
  };
  search_.rules_->Find(bytes, look, scratch_.get(), &found->lines);
  if (!parser_.has_value() || !AreWorthKnowing(bytes, facts)) return facts;
  const std::vector<CandidateLines::Line>& lines = found->lines.lines();
  found->matched.reserve(lines.size());
  for (const CandidateLines::Line& line : lines) {
    search_.rules_->RulesOf(found->lines, line, &candidates_);
    FoundLines::Matched& matched = found->matched.emplace_back();
    const absl::string_view raw = bytes.substr(line.begin, line.end - line.begin);
    matched.known = Match(raw, facts.plain(), &matched);
  }
  return facts;
}

// `line`: with its newline, if it has one.
bool LineSearch::Worker::MayCount(absl::string_view line) {
  search_.rules_->Find(line, scratch_.get(), &one_line_);
  return !one_line_.lines().empty();
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
  for (const RuleMatch& match : matched->matches) {
    ++matches_;
    lent_ += match.evidence.size();
  }
  return true;
}

}  // namespace tallybell
