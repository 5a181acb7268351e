// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MATCH_RULE_MATCHES_H_
#define TALLYBELL_ENGINE_MATCH_RULE_MATCHES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/match/lent_text.h"

namespace tallybell {

// One record counts for one rule, or clears it.
struct RuleMatch {
  uint32_t rule = 0;  // place in the RuleSet
  bool clear = false;
  uint16_t missing = 0;  // values of `by` that the record has not
  std::string group;     // GroupKey of the values of the rule's `by`; redacted, bounded
  LentText evidence;     // the line, cut around the match; redacted
};

// The matches of one record, as a vector would hold them. Most records count for one rule, and
// where every line counts each is moved several times: one match needs no memory of its own, and
// to move it costs little. Not thread-safe.
class RuleMatches {
 public:
  RuleMatches() = default;
  RuleMatches(RuleMatches&& other) noexcept
      : any_(std::exchange(other.any_, false)),
        one_(std::move(other.one_)),
        several_(std::move(other.several_)) {}
  RuleMatches& operator=(RuleMatches&& other) noexcept {
    any_ = std::exchange(other.any_, false);
    one_ = std::move(other.one_);
    several_ = std::move(other.several_);
    return *this;
  }

  bool empty() const { return !any_; }
  size_t size() const { return several_ != nullptr ? several_->size() : any_ ? 1 : 0; }
  RuleMatch* begin() { return several_ != nullptr ? several_->data() : &one_; }
  RuleMatch* end() { return begin() + size(); }
  const RuleMatch* begin() const { return several_ != nullptr ? several_->data() : &one_; }
  const RuleMatch* end() const { return begin() + size(); }
  const RuleMatch& operator[](size_t index) const { return begin()[index]; }

  // Appends one; the reference is good until the next call.
  RuleMatch& emplace_back() {
    if (!AddOne()) return several_->emplace_back();
    // What was moved from keeps its numbers.
    one_.rule = 0;
    one_.clear = false;
    one_.missing = 0;
    one_.group.clear();
    one_.evidence = LentText();
    return one_;
  }
  void push_back(RuleMatch match) { emplace_back() = std::move(match); }

  template <typename Predicate>
  void RemoveIf(Predicate gone) {
    if (several_ == nullptr) {
      any_ = any_ && !gone(one_);
      return;
    }
    several_->erase(std::remove_if(several_->begin(), several_->end(), gone), several_->end());
    any_ = !several_->empty();
  }

 private:
  // Whether the next is the only one; if not, there is room for several.
  bool AddOne() {
    if (!std::exchange(any_, true) && several_ == nullptr) return true;
    if (several_ == nullptr) {
      several_ = std::make_unique<std::vector<RuleMatch>>();
      several_->push_back(std::move(one_));
    }
    return false;
  }

  bool any_ = false;
  RuleMatch one_;                                    // if there are not several
  std::unique_ptr<std::vector<RuleMatch>> several_;  // all of them, once there were two
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MATCH_RULE_MATCHES_H_
