// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/window/evidence_ring.h"

#include <algorithm>
#include <cstring>

namespace tallybell {

// A handle is the chunk's number and the offset in it; an entry is its length and its bytes.

EvidenceRing::EvidenceRing(size_t capacity)
    : max_chunks_(std::max<size_t>(capacity / kChunkBytes, 1)) {}

uint64_t EvidenceRing::Add(absl::string_view line) {
  line = line.substr(0, kMaxLine);
  const uint16_t length = static_cast<uint16_t>(line.size());
  const size_t needed = sizeof(length) + line.size();
  if (chunks_.empty() || chunks_.back().size() + needed > kChunkBytes) {
    if (chunks_.size() == max_chunks_) {
      chunks_.pop_front();
      ++first_chunk_;
    }
    chunks_.emplace_back();
    chunks_.back().reserve(std::min(kChunkBytes, chunks_.size() == 1 ? size_t{4096} : kChunkBytes));
  }
  std::string& chunk = chunks_.back();
  const uint64_t handle = (first_chunk_ + chunks_.size() - 1) * kChunkBytes + chunk.size();
  chunk.append(reinterpret_cast<const char*>(&length), sizeof(length));
  chunk.append(line.data(), line.size());
  return handle;
}

bool EvidenceRing::Get(uint64_t handle, absl::string_view* line) const {
  const uint64_t number = handle / kChunkBytes;
  if (number < first_chunk_ || number >= first_chunk_ + chunks_.size()) return false;
  const std::string& chunk = chunks_[number - first_chunk_];
  const size_t at = handle % kChunkBytes;
  uint16_t length;
  if (at + sizeof(length) > chunk.size()) return false;
  std::memcpy(&length, chunk.data() + at, sizeof(length));
  *line = absl::string_view(chunk).substr(at + sizeof(length), length);
  return true;
}

}  // namespace tallybell
