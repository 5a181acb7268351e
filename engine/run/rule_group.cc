// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/rule_group.h"

#include <cstring>
#include <new>

namespace tallybell {

RuleGroupPtr RuleGroup::Make(const TimelineRule* rule, absl::string_view key, uint64_t number) {
  void* const memory = ::operator new(sizeof(RuleGroup) + key.size());
  RuleGroupPtr group(new (memory) RuleGroup(rule, number, key.size()));
  std::memcpy(static_cast<void*>(group.get() + 1), key.data(), key.size());
  return group;
}

void RuleGroupDeleter::operator()(RuleGroup* group) const {
  group->~RuleGroup();
  ::operator delete(group);
}

bool DeadlineHeap::Less(const Entry& a, const Entry& b) {
  return a.at != b.at ? a.at < b.at : a.group->number() < b.group->number();
}

void DeadlineHeap::Place(size_t index, const Entry& entry) {
  entries_[index] = entry;
  entry.group->deadline_ = static_cast<uint32_t>(index);
}

void DeadlineHeap::SiftUp(size_t index, const Entry& entry) {
  while (index > 0 && Less(entry, entries_[(index - 1) / 2])) {
    Place(index, entries_[(index - 1) / 2]);
    index = (index - 1) / 2;
  }
  Place(index, entry);
}

void DeadlineHeap::SiftDown(size_t index, const Entry& entry) {
  while (2 * index + 1 < entries_.size()) {
    size_t child = 2 * index + 1;
    if (child + 1 < entries_.size() && Less(entries_[child + 1], entries_[child])) ++child;
    if (!Less(entries_[child], entry)) break;
    Place(index, entries_[child]);
    index = child;
  }
  Place(index, entry);
}

void DeadlineHeap::Remove(size_t index) {
  entries_[index].group->deadline_ = kNone;
  const Entry last = entries_.back();
  entries_.pop_back();
  if (index == entries_.size()) return;
  if (index > 0 && Less(last, entries_[(index - 1) / 2])) {
    SiftUp(index, last);
  } else {
    SiftDown(index, last);
  }
}

void DeadlineHeap::Set(RuleGroup* group, TimeNs at) {
  const uint32_t index = group->deadline_;
  if (at == kNever) {
    if (index != kNone) Remove(index);
    return;
  }
  const Entry entry = {at, group};
  if (index == kNone) {
    entries_.push_back(entry);
    SiftUp(entries_.size() - 1, entry);
  } else if (Less(entry, entries_[index])) {
    SiftUp(index, entry);
  } else {
    SiftDown(index, entry);
  }
}

}  // namespace tallybell
