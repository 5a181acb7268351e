// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/window/match_array.h"

#include <algorithm>
#include <new>
#include <utility>

namespace tallybell {

void MatchArray::Assign(absl::Span<const WindowMatch> matches) {
  block_.reset();
  size_ = 0;
  if (!matches.empty()) Append(matches);
}

void MatchArray::Reserve(size_t count) {
  const size_t needed = size_ + count;
  if (block_ != nullptr && Head().begin + needed <= Head().capacity) return;
  if (block_ != nullptr && needed <= Head().capacity && Head().begin > 0 &&
      Head().begin >= size_ / 4) {
    // Each match is moved for at most four that went before it.
    const absl::Span<const WindowMatch> old = all();
    std::copy(old.begin(), old.end(), Matches());
    Head().begin = 0;
    return;
  }
  // A third more; four at first, which take 64 bytes: groups are many, most of them stay small, and
  // what grows by one at a time leaves holes that nobody fills.
  const size_t capacity = std::max<size_t>({needed, 4, size_ + size_ / 3 + 2});
  std::unique_ptr<char[]> block(new char[sizeof(Header) + capacity * sizeof(WindowMatch)]);
  new (block.get()) Header{static_cast<uint32_t>(capacity), 0};
  auto* const to = reinterpret_cast<WindowMatch*>(block.get() + sizeof(Header));
  const absl::Span<const WindowMatch> old = all();
  std::uninitialized_copy(old.begin(), old.end(), to);
  block_ = std::move(block);
}

void MatchArray::Insert(size_t index, const WindowMatch& match) {
  if (index == size_ && block_ != nullptr && Head().begin + size_ < Head().capacity) {
    Matches()[Head().begin + size_++] = match;
    return;
  }
  const WindowMatch copy = match;
  Reserve(1);
  WindowMatch* const begin = Matches() + Head().begin;
  std::copy_backward(begin + index, begin + size_, begin + size_ + 1);
  begin[index] = copy;
  ++size_;
}

void MatchArray::Append(absl::Span<const WindowMatch> matches) {
  Reserve(matches.size());
  std::copy(matches.begin(), matches.end(), Matches() + Head().begin + size_);
  size_ += static_cast<uint32_t>(matches.size());
}

void MatchArray::DropFront(size_t count) {
  if (count == 0) return;
  size_ -= static_cast<uint32_t>(count);
  if (size_ == 0) {
    block_.reset();
    return;
  }
  Head().begin += static_cast<uint32_t>(count);
  // What was large once gives its memory back.
  if (Head().capacity > 64 && size_ < Head().capacity / 4) Assign(MatchArray(*this).all());
}

}  // namespace tallybell
