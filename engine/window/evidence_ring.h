// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_WINDOW_EVIDENCE_RING_H_
#define TALLYBELL_ENGINE_WINDOW_EVIDENCE_RING_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/window/window_match.h"

namespace tallybell {

// Where a match stands and what its line says.
struct EvidenceEntry {
  uint32_t file = 0;    // number of the file that it stands in
  uint64_t offset = 0;  // bytes
  absl::string_view line;
};

// The lines that alerts may show, of all groups together, in a bounded number of bytes: when it
// is full the oldest lines give way. With a line its place is kept, which is a match's identity:
// two identical lines at different places are two matches. Not thread-safe.
class EvidenceRing {
 public:
  static constexpr size_t kDefaultCapacity = 64 << 20;  // bytes

  explicit EvidenceRing(size_t capacity = kDefaultCapacity);

  // Keeps `entry` (of its line at most kMaxLine bytes), which is of a match at `time`, and returns
  // its handle, never WindowMatch::kNoEvidence. What was added last, by another rule, is not kept
  // twice.
  uint32_t Add(TimeNs time, const EvidenceEntry& entry);

  // What was kept of the match, or false if it gave way. The view is valid until the next Add.
  bool Get(const WindowMatch& match, EvidenceEntry* entry) const;

  // Whether `a` stands before `b`: by time, and by place where the times are equal, so that the
  // order does not depend on when lines were read. What gave way comes before what did not.
  bool Before(const WindowMatch& a, const WindowMatch& b) const;

  // Lets the oldest lines go that are all of times before `t`, which nobody will ask for any more.
  void Forget(TimeNs t);

  // Lines that gave way though somebody might have asked for them.
  int64_t given_way() const { return given_way_; }

  // For whoever stores the lines: each has a place, which a handle is the lower half of, one behind
  // the other but for holes. [begin, end) are the places of what is kept; lines go by the chunk,
  // and none stands in two.
  uint64_t begin() const { return first_chunk_ * kChunkUnits; }
  uint64_t end() const;
  using Visitor = absl::FunctionRef<bool(uint64_t place, TimeNs time, const EvidenceEntry& entry)>;
  // Shows the lines from `place` on, which is one's place or the end, until `visit` says no.
  void Visit(uint64_t place, Visitor visit) const;
  // Puts a line back where it was. False, with nothing changed, if that is not behind all others.
  bool PutBack(uint64_t place, TimeNs time, const EvidenceEntry& entry);

  static constexpr size_t kMaxLine = 4096;            // bytes
  static constexpr uint64_t kUnit = 16;               // bytes between two places
  static constexpr uint64_t kChunkUnits = 64 * 1024;  // places in a chunk

 private:
  // A handle comes back after 64 GiB of evidence. The time of the entry, which is kept with it,
  // tells what is there then from what was.
  struct Header;
  static constexpr size_t kChunkBytes = kChunkUnits * kUnit;
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
    size_t capacity = 0;
    int64_t lines = 0;
    TimeNs latest = kNoTime;
  };

  static absl::string_view BytesOf(const Chunk& chunk) { return {chunk.bytes.get(), chunk.size}; }
  static void Reserve(Chunk* chunk, size_t size);
  void AddChunk();
  void DropChunk();
  static void Append(Chunk* chunk, TimeNs time, uint64_t offset, uint32_t file,
                     absl::string_view line);

  size_t max_chunks_;
  uint64_t first_chunk_ = 0;  // number of chunks_.front()
  std::deque<Chunk> chunks_;
  Chunk spare_;                    // empty; its memory is used again
  uint64_t last_chunk_begin_ = 0;  // the place with which chunks_.back() begins
  // The newest: its handle, and where it stands.
  uint32_t last_ = WindowMatch::kNoEvidence;
  uint32_t last_file_ = 0;
  uint64_t last_offset_ = 0;
  int64_t given_way_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_WINDOW_EVIDENCE_RING_H_
