// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_MATCHES_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_MATCHES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "engine/match/rule_matcher.h"
#include "engine/run/source_contexts.h"
#include "engine/run/source_item.h"
#include "engine/run/source_line.h"

namespace tallybell {

// Makes records of lines, and gives those that some rule counts or clears. Holds back what comes
// before the first time that the source states, because it takes that. Used by one thread at a
// time.
class SourceMatches {
 public:
  // What is held back is released when it is more than this.
  static constexpr size_t kMaxTimelessBytes = 64 << 20;

  // All outlive it.
  SourceMatches(const SourceStreams* streams, SourceCounts* counts)
      : streams_(streams), counts_(counts) {}

  void Use(const LineParser& parser, const RuleMatcher* matcher) {
    parser_ = parser;
    matcher_ = matcher;
  }

  // Matches the record with those of `rules` that select its stream. `time` is kNoTime if none was
  // stated so far; `before` is what it inherits from.
  void Add(const SourceLine& line, uint64_t offset, TimeNs time,
           const SourceContexts::Context& before, absl::Span<const uint32_t> rules,
           std::vector<SourceItem>* items);

  // The same for a record whose matches, made by RuleMatcher::Find, are known.
  void Take(RuleMatches&& matches, uint64_t offset, TimeNs time, std::vector<SourceItem>* items);

  // Counts what the line is, once for each line that is read.
  void Count(const ParsedLine& parsed);
  // The same for a whole record of that format; null: of none.
  void Count(const LineFormat* format);

  // Gives what was held back at `first_time`; if that is kNoTime, at `otherwise`, which is counted.
  void Release(TimeNs first_time, TimeNs otherwise, std::vector<SourceItem>* items);

  // Whether so much is held back that it must be released.
  bool full() const { return timeless_bytes_ > kMaxTimelessBytes; }

 private:
  const SourceStreams* const streams_;
  SourceCounts* const counts_;
  std::optional<LineParser> parser_;
  const RuleMatcher* matcher_ = nullptr;
  std::vector<uint32_t> selected_;
  std::vector<SourceItem> timeless_;
  size_t timeless_bytes_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_MATCHES_H_
