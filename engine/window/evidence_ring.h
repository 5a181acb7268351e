// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_WINDOW_EVIDENCE_RING_H_
#define TALLYBELL_ENGINE_WINDOW_EVIDENCE_RING_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// The lines that alerts may show, of all groups together, in a bounded number of bytes: when it
// is full the oldest lines give way. Not thread-safe.
class EvidenceRing {
 public:
  static constexpr size_t kDefaultCapacity = 64 << 20;  // bytes

  explicit EvidenceRing(size_t capacity = kDefaultCapacity);

  // Keeps `line` (at most kMaxLine bytes of it) and returns its handle.
  uint64_t Add(absl::string_view line);

  // The line, or false if it gave way. The view is valid until the next Add.
  bool Get(uint64_t handle, absl::string_view* line) const;

  static constexpr size_t kMaxLine = 4096;  // bytes
  // The handle of no line.
  static constexpr uint64_t kNone = UINT64_MAX;

 private:
  static constexpr size_t kChunkBytes = 1 << 20;

  const size_t max_chunks_;
  uint64_t first_chunk_ = 0;  // number of chunks_.front()
  std::deque<std::string> chunks_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_WINDOW_EVIDENCE_RING_H_
