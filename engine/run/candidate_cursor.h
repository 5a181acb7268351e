// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_CANDIDATE_CURSOR_H_
#define TALLYBELL_ENGINE_RUN_CANDIDATE_CURSOR_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "engine/match/candidate_rules.h"
#include "engine/run/line_search.h"

namespace tallybell {

// The lines of a source that may count, in order, however the stretches were cut in which they were
// found. Not thread-safe.
class CandidateCursor {
 public:
  // Puts the lines of the stretch that begins at `offset` of the source behind those that are
  // there. Takes over what `*found` holds and gives back memory that can be used again.
  void Add(uint64_t offset, FoundLines* found) {
    streams_ = found->lines.streams();
    Stretch& stretch = stretches_.emplace_back();
    if (!spare_.empty()) {
      stretch.found = std::move(spare_.back());
      spare_.pop_back();
    }
    std::swap(stretch.found, *found);
    stretch.offset = offset;
    Settle();
  }

  void Clear() {
    for (Stretch& stretch : stretches_) {
      stretch.found.Clear();
      spare_.push_back(std::move(stretch.found));
    }
    stretches_.clear();
    next_ = 0;
    front_ = nullptr;
    front_lines_ = 0;
  }

  // Of the lines of the stretch that came last.
  RuntimeStreams streams() const { return streams_; }

  // Whether there is a line that begins before `offset` of the source.
  bool HasBefore(uint64_t offset) const { return !stretches_.empty() && begin() < offset; }

  // Of the next line, which there must be: where it stands in the source, and what it may count
  // for.
  uint64_t begin() const { return front_->offset + line().begin; }
  uint64_t end() const { return front_->offset + line().end; }
  void RulesOf(const CandidateRules& rules, std::vector<uint32_t>* found) const {
    rules.RulesOf(front_->found.lines, line(), found);
  }
  // What it counts for, if that is known already; else null. The caller's to take.
  FoundLines::Matched* matched() {
    std::vector<FoundLines::Matched>& matched = front_->found.matched;
    return next_ < matched.size() && matched[next_].known ? &matched[next_] : nullptr;
  }

  void Pop() {
    ++next_;
    if (next_ == front_lines_) Settle();
  }

 private:
  struct Stretch {
    uint64_t offset = 0;
    FoundLines found;
  };

  const CandidateLines::Line& line() const { return front_->found.lines.lines()[next_]; }

  // Leaves stretches that are done with.
  void Settle() {
    while (!stretches_.empty() && next_ == stretches_.front().found.lines.lines().size()) {
      stretches_.front().found.Clear();
      spare_.push_back(std::move(stretches_.front().found));
      stretches_.pop_front();
      next_ = 0;
    }
    if (stretches_.empty()) return;
    front_ = &stretches_.front();
    front_lines_ = front_->found.lines.lines().size();
  }

  std::deque<Stretch> stretches_;  // none is empty
  std::vector<FoundLines> spare_;
  RuntimeStreams streams_;
  size_t next_ = 0;  // line of the first stretch
  // The first stretch, if there is any, and how many lines it has.
  Stretch* front_ = nullptr;
  size_t front_lines_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_CANDIDATE_CURSOR_H_
