// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_WINDOW_MATCH_ARRAY_H_
#define TALLYBELL_ENGINE_WINDOW_MATCH_ARRAY_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/types/span.h"
#include "engine/window/window_match.h"

namespace tallybell {

// Matches in a row, cheap to take from the front and to put at the end: a vector that takes little
// more memory than the matches need. Not thread-safe.
class MatchArray {
 public:
  MatchArray() = default;
  MatchArray(const MatchArray& other) { Assign(other.all()); }
  MatchArray& operator=(const MatchArray& other) {
    if (this != &other) Assign(other.all());
    return *this;
  }

  // Oldest first; valid until the next change.
  absl::Span<const WindowMatch> all() const {
    return block_ == nullptr ? absl::Span<const WindowMatch>()
                             : absl::MakeConstSpan(Matches() + Head().begin, size_);
  }
  size_t size() const { return size_; }

  // Puts `match` before the one that is at `index`. Costs what stands behind it.
  void Insert(size_t index, const WindowMatch& match);
  void Append(absl::Span<const WindowMatch> matches);

  void DropFront(size_t count);
  void DropBack(size_t count) { size_ -= static_cast<uint32_t>(count); }

 private:
  // At the beginning of the block; the matches follow.
  struct Header {
    uint32_t capacity;
    uint32_t begin;  // the matches before it are gone
  };

  Header& Head() { return *reinterpret_cast<Header*>(block_.get()); }
  const Header& Head() const { return *reinterpret_cast<const Header*>(block_.get()); }
  WindowMatch* Matches() { return reinterpret_cast<WindowMatch*>(block_.get() + sizeof(Header)); }
  const WindowMatch* Matches() const {
    return reinterpret_cast<const WindowMatch*>(block_.get() + sizeof(Header));
  }
  void Assign(absl::Span<const WindowMatch> matches);
  // Makes room for `count` more at the end.
  void Reserve(size_t count);

  std::unique_ptr<char[]> block_;  // null where there never was a match
  uint32_t size_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_WINDOW_MATCH_ARRAY_H_
