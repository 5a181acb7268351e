// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LINE_SEARCH_H_
#define TALLYBELL_ENGINE_RUN_LINE_SEARCH_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/frame/line_count.h"
#include "engine/match/candidate_rules.h"
#include "engine/match/rule_matcher.h"
#include "engine/parse/line_parser.h"
#include "engine/parse/stamp.h"
#include "engine/run/source_format.h"
#include "engine/run/source_streams.h"
#include "engine/run/text_room.h"

namespace tallybell {

// The lines of a stretch that may count.
struct FoundLines {
  struct Matched {
    bool known = false;
    RuleMatches matches;
    std::optional<Stamp> stamp;          // that the record states
    const LineFormat* format = nullptr;  // that read it

    // Not defaulted: what is made in a vector would be filled with zeros first, all of it.
    Matched() {}  // NOLINT(modernize-use-equals-default)
  };

  CandidateLines lines;
  // For each of them what it counts for, where that was found out already; or empty. Evidence may
  // be lent by `texts`: it is there until the next Clear.
  std::vector<Matched> matched;
  TextRoom texts;

  void Clear() {
    lines.Clear();
    matched.clear();
  }
};

// What can be said of lines before it is known what stands before them: whether they may count,
// and of a whole record that stands in one line for what it counts. Immutable; threads share it,
// each with a Worker of its own.
class LineSearch {
 public:
  // Only looks for lines that may count. `rules` outlives it.
  explicit LineSearch(const CandidateRules* rules) : rules_(rules) {}
  // Also matches them, where `format` has no envelope. All outlive it and do not change meanwhile.
  LineSearch(const CandidateRules* rules, const RuleMatcher* matcher, const SourceFormat* format,
             const SourceStreams* streams);

  class Worker {
   public:
    // `search` outlives it.
    explicit Worker(const LineSearch* search);

    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Puts what is found in `bytes` in place of what `*found` held, which needs them no more then.
    // They are whole lines, none of which is the first of its file. Gives what is in them, which
    // it had to look at.
    ByteFacts Find(absl::string_view bytes, FoundLines* found);

   private:
    bool MatchEveryLine(absl::string_view bytes, const ByteFacts& facts, FoundLines* found);
    ByteFacts MatchCandidates(absl::string_view bytes, FoundLines* found);
    bool MayCount(absl::string_view line);
    bool Match(absl::string_view raw, bool plain, FoundLines::Matched* matched);
    void CopyLent(FoundLines* found) const;

    const LineSearch& search_;
    const LineCandidates::ScratchPtr scratch_;
    std::optional<LineParser> parser_;
    ParsedLine parsed_;
    Record record_;
    std::string text_scratch_;
    std::vector<uint32_t> candidates_;
    CandidateLines one_line_;
    // Of a stretch: of all its matches, how many there are and the bytes that they lend.
    size_t matches_ = 0;
    size_t lent_ = 0;
    bool most_match_ = false;  // of the stretch before: nearly every line, for every rule
  };

 private:
  const CandidateRules* const rules_;
  const RuleMatcher* matcher_ = nullptr;  // null: lines are not matched
  const SourceFormat* format_ = nullptr;
  const SourceStreams* streams_ = nullptr;
  bool quick_ = false;  // a line without the rules' literals costs little to match, too
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LINE_SEARCH_H_
