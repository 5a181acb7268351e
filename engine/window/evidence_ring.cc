// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/window/evidence_ring.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace tallybell {

// What stands before each line.
struct EvidenceRing::Header {
  TimeNs time;
  uint64_t offset;
  uint32_t file;
  uint32_t length;
};

EvidenceRing::EvidenceRing(size_t capacity)
    : max_chunks_(std::max<size_t>(capacity / kChunkBytes, 1)) {}

void EvidenceRing::AddChunk() {
  if (chunks_.size() == max_chunks_) {
    given_way_ += lines_.front();
    lines_.pop_front();
    chunks_.pop_front();
    ++first_chunk_;
  }
  lines_.push_back(0);
  chunks_.emplace_back();
  // A process that keeps little evidence takes little memory.
  chunks_.back().reserve(chunks_.size() == 1 ? size_t{4096} : kChunkBytes);
}

uint64_t EvidenceRing::End() const {
  if (chunks_.empty()) return first_chunk_ * kChunkUnits;
  return (first_chunk_ + chunks_.size() - 1) * kChunkUnits + chunks_.back().size() / kUnit;
}

uint32_t EvidenceRing::Add(TimeNs time, const EvidenceEntry& entry) {
  const absl::string_view line = entry.line.substr(0, kMaxLine);
  const size_t bytes = (sizeof(Header) + line.size() + kUnit - 1) / kUnit * kUnit;
  if (chunks_.empty() || chunks_.back().size() + bytes > kChunkBytes) AddChunk();
  // The one handle that means nothing is passed over.
  if (static_cast<uint32_t>(End()) == WindowMatch::kNoEvidence) AddChunk();
  const auto handle = static_cast<uint32_t>(End());
  const Header header = {time, entry.offset, entry.file, static_cast<uint32_t>(line.size())};
  std::string& chunk = chunks_.back();
  const size_t end = chunk.size() + bytes;
  chunk.append(reinterpret_cast<const char*>(&header), sizeof(header));
  chunk.append(line.data(), line.size());
  chunk.resize(end);
  ++lines_.back();
  return handle;
}

bool EvidenceRing::Get(const WindowMatch& match, EvidenceEntry* entry) const {
  if (match.evidence() == WindowMatch::kNoEvidence) return false;
  const uint64_t end = End();
  const auto back = static_cast<uint32_t>(static_cast<uint32_t>(end) - match.evidence());
  if (back == 0 || back > end) return false;
  const uint64_t number = (end - back) / kChunkUnits;
  if (number < first_chunk_ || number - first_chunk_ >= chunks_.size()) return false;
  const std::string& chunk = chunks_[number - first_chunk_];
  const size_t at = (end - back) % kChunkUnits * kUnit;
  Header header;
  if (at + sizeof(header) > chunk.size()) return false;
  std::memcpy(&header, chunk.data() + at, sizeof(header));
  if (header.time != match.time() || header.length > chunk.size() - at - sizeof(header)) {
    return false;
  }
  *entry = {header.file, header.offset,
            absl::string_view(chunk).substr(at + sizeof(header), header.length)};
  return true;
}

bool EvidenceRing::Before(const WindowMatch& a, const WindowMatch& b) const {
  if (a.time() != b.time()) return a.time() < b.time();
  EvidenceEntry of_a, of_b;
  if (!Get(b, &of_b)) return false;
  if (!Get(a, &of_a)) return true;
  return std::tie(of_a.file, of_a.offset) < std::tie(of_b.file, of_b.offset);
}

}  // namespace tallybell
