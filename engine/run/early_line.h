// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_EARLY_LINE_H_
#define TALLYBELL_ENGINE_RUN_EARLY_LINE_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/json_text.h"
#include "engine/match/matched_record.h"
#include "engine/match/rule_matcher.h"

namespace tallybell {

// The last line of a file, which was looked at before its newline came, because nothing had come
// for a while (docs/semantics.md, "The last line"): where it begins, what was there of it, and for
// which rules that counted. Those do not count it again when there is more of it. Not thread-safe.
class EarlyLine {
 public:
  // Whether so much of the line that begins at `offset` was looked at, and not less.
  bool Knows(uint64_t offset, size_t length) const {
    return offset_ == offset && length_ == length;
  }

  // Whether `line`, which begins at `offset`, goes on as what was looked at did.
  bool Begins(uint64_t offset, absl::string_view line) const;

  // `line` is looked at now, and brings `*matches`: leaves those that were not told before.
  void Tell(uint64_t offset, absl::string_view line, const RuleMatcher& matcher,
            RuleMatches* matches);

  // Takes out of `*matches`, those of the whole line, what was told before.
  void TakeTold(const RuleMatcher& matcher, RuleMatches* matches) const;

  // All before `offset` is dealt with.
  void Pass(uint64_t offset) {
    if (offset > offset_) *this = EarlyLine();
  }

  // Whether some rule counted it: then it must be saved. Restore is false if `state` is not Save's.
  bool told() const { return !told_.empty(); }
  Json Save() const;
  bool Restore(const Json& state);

 private:
  static std::string KeyOf(const RuleMatcher& matcher, const RuleMatch& match);

  uint64_t offset_ = UINT64_MAX;
  uint64_t length_ = 0;
  uint64_t hash_ = 0;
  // Rules by their identity, which a reload does not change.
  std::set<std::string> told_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_EARLY_LINE_H_
