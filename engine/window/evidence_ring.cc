// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/window/evidence_ring.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <tuple>
#include <utility>

namespace tallybell {

// What stands before each line.
struct EvidenceRing::Header {
  TimeNs time;
  uint64_t offset;
  uint32_t file;
  uint32_t length;
};

namespace {

// A line and what stands before it, in whole units.
size_t Occupied(size_t header, size_t line) {
  return (header + line + EvidenceRing::kUnit - 1) / EvidenceRing::kUnit * EvidenceRing::kUnit;
}

}  // namespace

EvidenceRing::EvidenceRing(size_t capacity)
    : max_chunks_(std::max<size_t>(capacity / kChunkBytes, 1)) {}

// Its memory is for the next chunk, which has not to be asked for and cleared anew then.
void EvidenceRing::DropChunk() {
  spare_ = std::move(chunks_.front());
  spare_.size = 0;
  spare_.lines = 0;
  spare_.latest = kNoTime;
  chunks_.pop_front();
  ++first_chunk_;
}

// Makes room for `size` bytes in a chunk, of which what is not used need not be memory yet.
void EvidenceRing::Reserve(Chunk* chunk, size_t size) {
  if (size <= chunk->capacity) return;
  const size_t capacity = std::min(std::max(size, 2 * chunk->capacity), kChunkBytes);
  std::unique_ptr<char[]> bytes(new char[capacity]);
  if (chunk->size > 0) std::memcpy(bytes.get(), chunk->bytes.get(), chunk->size);
  chunk->bytes = std::move(bytes);
  chunk->capacity = capacity;
}

void EvidenceRing::AddChunk() {
  if (chunks_.size() == max_chunks_) {
    given_way_ += chunks_.front().lines;
    DropChunk();
  }
  Chunk chunk = std::exchange(spare_, Chunk());
  // A process that keeps little evidence takes little memory.
  Reserve(&chunk, chunks_.empty() ? size_t{4096} : kChunkBytes);
  chunks_.push_back(std::move(chunk));
  last_chunk_begin_ = (first_chunk_ + chunks_.size() - 1) * kChunkUnits;
}

void EvidenceRing::Forget(TimeNs t) {
  while (chunks_.size() > 1 && chunks_.front().latest < t) DropChunk();
}

uint64_t EvidenceRing::end() const {
  return chunks_.empty() ? begin() : last_chunk_begin_ + chunks_.back().size / kUnit;
}

void EvidenceRing::Append(Chunk* chunk, TimeNs time, uint64_t offset, uint32_t file,
                          absl::string_view line) {
  const size_t end = chunk->size + Occupied(sizeof(Header), line.size());
  Reserve(chunk, end);
  char* const at = chunk->bytes.get() + chunk->size;
  // In place: to copy what was just put together waits for all that was written before.
  new (at) Header{time, offset, file, static_cast<uint32_t>(line.size())};
  if (!line.empty()) std::memcpy(at + sizeof(Header), line.data(), line.size());
  chunk->size = end;
  ++chunk->lines;
  chunk->latest = std::max(chunk->latest, time);
}

uint32_t EvidenceRing::Add(TimeNs time, const EvidenceEntry& entry) {
  const absl::string_view line = entry.line.substr(0, kMaxLine);
  if (EvidenceEntry last; last_offset_ == entry.offset && last_file_ == entry.file &&
                          Get(WindowMatch(time, last_), &last) && last.line == line) {
    return last_;
  }
  const size_t bytes = Occupied(sizeof(Header), line.size());
  if (chunks_.empty() || chunks_.back().size + bytes > kChunkBytes) AddChunk();
  last_ = static_cast<uint32_t>(end());
  if (last_ == WindowMatch::kNoEvidence) {
    // The one handle that means nothing is passed over.
    AddChunk();
    last_ = static_cast<uint32_t>(end());
  }
  last_file_ = entry.file;
  last_offset_ = entry.offset;
  Append(&chunks_.back(), time, entry.offset, entry.file, line);
  return last_;
}

bool EvidenceRing::PutBack(uint64_t place, TimeNs time, const EvidenceEntry& entry) {
  const uint64_t number = place / kChunkUnits;
  const size_t at = place % kChunkUnits * kUnit;
  const bool fits = entry.line.size() <= kMaxLine &&
                    at + Occupied(sizeof(Header), entry.line.size()) <= kChunkBytes;
  // Nobody ever counted that far.
  if (place < end() || !fits || number >= uint64_t{1} << 40) return false;
  if (chunks_.empty() || number >= first_chunk_ + chunks_.size() + max_chunks_) {
    chunks_.clear();
    first_chunk_ = number;
  }
  while (first_chunk_ + chunks_.size() <= number) AddChunk();
  // What lies between is nobody's, and reads as nothing.
  Chunk& chunk = chunks_.back();
  Reserve(&chunk, at);
  std::memset(chunk.bytes.get() + chunk.size, 0, at - chunk.size);
  chunk.size = at;
  Append(&chunk, time, entry.offset, entry.file, entry.line);
  return true;
}

void EvidenceRing::Visit(uint64_t place, Visitor visit) const {
  while (place < end()) {
    const uint64_t number = place / kChunkUnits;
    const absl::string_view chunk = BytesOf(chunks_[number - first_chunk_]);
    const size_t at = place % kChunkUnits * kUnit;
    if (at >= chunk.size()) {
      place = (number + 1) * kChunkUnits;
      continue;
    }
    Header header;
    std::memcpy(&header, chunk.data() + at, sizeof(header));
    const absl::string_view line = chunk.substr(at + sizeof(header), header.length);
    if (!visit(place, header.time, {header.file, header.offset, line})) return;
    place += Occupied(sizeof(header), header.length) / kUnit;
  }
}

bool EvidenceRing::Get(const WindowMatch& match, EvidenceEntry* entry) const {
  if (match.evidence() == WindowMatch::kNoEvidence) return false;
  const uint64_t last = end();
  const auto back = static_cast<uint32_t>(static_cast<uint32_t>(last) - match.evidence());
  if (back == 0 || back > last) return false;
  const uint64_t number = (last - back) / kChunkUnits;
  if (number < first_chunk_ || number - first_chunk_ >= chunks_.size()) return false;
  const absl::string_view chunk = BytesOf(chunks_[number - first_chunk_]);
  const size_t at = (last - back) % kChunkUnits * kUnit;
  Header header;
  if (at + sizeof(header) > chunk.size()) return false;
  std::memcpy(&header, chunk.data() + at, sizeof(header));
  if (header.time != match.time() || header.length > chunk.size() - at - sizeof(header)) {
    return false;
  }
  *entry = {header.file, header.offset, chunk.substr(at + sizeof(header), header.length)};
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
