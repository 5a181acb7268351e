// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_RULE_GROUP_H_
#define TALLYBELL_ENGINE_RUN_RULE_GROUP_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "engine/run/group_timeline.h"

namespace tallybell {

class RuleGroup;
struct RuleGroupDeleter {
  void operator()(RuleGroup* group) const;
};
using RuleGroupPtr = std::unique_ptr<RuleGroup, RuleGroupDeleter>;

// One value of a rule's `by`, and its timeline. There may be a million of these: the key stands
// right behind the object, and whatever can be made of it (labels, values) is made when asked for.
class RuleGroup {
 public:
  // Of `key`, a GroupKey. `number`: its age among the groups of the rule.
  static RuleGroupPtr Make(const TimelineRule* rule, absl::string_view key, uint64_t number);

  absl::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_size_}; }
  uint64_t number() const { return number_; }

  GroupTimeline timeline;

  // Whether a match of it was counted into its rule's tally.
  bool tallied() const { return tallied_ != 0; }
  void set_tallied() { tallied_ = 1; }

 private:
  friend class DeadlineHeap;
  friend struct RuleGroupDeleter;

  RuleGroup(const TimelineRule* rule, uint64_t number, size_t key_size)
      : timeline(rule),
        number_(number),
        key_size_(static_cast<uint32_t>(key_size) & INT32_MAX),
        tallied_(0) {}
  ~RuleGroup() = default;

  const uint64_t number_;
  uint32_t deadline_ = UINT32_MAX;  // its place in the DeadlineHeap
  const uint32_t key_size_ : 31;
  uint32_t tallied_ : 1;
};

// Groups by their keys.
struct RuleGroupHash {
  using is_transparent = void;
  size_t operator()(absl::string_view key) const { return absl::HashOf(key); }
  size_t operator()(const RuleGroupPtr& group) const { return absl::HashOf(group->key()); }
};
struct RuleGroupEqual {
  using is_transparent = void;
  static absl::string_view Key(absl::string_view key) { return key; }
  static absl::string_view Key(const RuleGroupPtr& group) { return group->key(); }
  static bool Same(absl::string_view a, absl::string_view b) {
    if (a.size() != b.size()) return false;
    if (a.size() < sizeof(uint64_t) || a.size() > 2 * sizeof(uint64_t)) return a == b;
    // Most keys: two words, which may overlap.
    const size_t last = a.size() - sizeof(uint64_t);
    return Word(a.data()) == Word(b.data()) && Word(a.data() + last) == Word(b.data() + last);
  }
  static uint64_t Word(const char* at) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    return word;
  }
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return Same(Key(a), Key(b));
  }
};
using RuleGroupSet = absl::flat_hash_set<RuleGroupPtr, RuleGroupHash, RuleGroupEqual>;

// For each group that has one, the next instant at which anything may change in it, the earliest
// first; groups of one instant by age, which is the same in every run. Not thread-safe.
class DeadlineHeap {
 public:
  bool empty() const { return entries_.empty(); }
  TimeNs first_time() const { return entries_.front().at; }
  RuleGroup* first() const { return entries_.front().group; }
  // kNever if it has none.
  TimeNs Of(const RuleGroup& group) const {
    return group.deadline_ == kNone ? kNever : entries_[group.deadline_].at;
  }

  // Puts the group's in, or moves it; kNever takes it out.
  void Set(RuleGroup* group, TimeNs at);

 private:
  struct Entry {
    TimeNs at;
    RuleGroup* group;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  static bool Less(const Entry& a, const Entry& b);
  void Place(size_t index, const Entry& entry);
  void SiftUp(size_t index, const Entry& entry);
  void SiftDown(size_t index, const Entry& entry);
  void Remove(size_t index);

  std::vector<Entry> entries_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_RULE_GROUP_H_
