// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_BLOCKS_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_BLOCKS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/worker_crew.h"
#include "engine/run/candidate_cursor.h"
#include "engine/run/chunk_reader.h"
#include "engine/run/line_search.h"
#include "engine/source/block_reader.h"
#include "engine/source/byte_reader.h"

namespace tallybell {

// The blocks of one source: read one after the other, or, once it is known what is looked for in a
// plain file, several ahead by a crew of threads. Lines, offsets and order are the same.
//
// Used by one thread at a time.
class SourceBlocks {
 public:
  // How a plain file may be read ahead.
  struct Ahead {
    int fd = -1;  // of the file; -1: it cannot be
    WorkerCrew* crew = nullptr;
    size_t chunk = 512 << 10;  // bytes
    int chunks = 1;            // under way at a time
  };

  // `bytes` and what `ahead` names outlive it. `options.block` is the most that Keep can keep;
  // `most` bytes are read at a time.
  SourceBlocks(ByteReader* bytes, size_t most, BlockReader::Options options, Ahead ahead);
  ~SourceBlocks();

  // As those of BlockReader.
  absl::StatusOr<Block> Next();
  bool Keep(size_t n);
  void Finish() { blocks_->Finish(); }
  uint64_t lines_truncated() const { return lines_truncated_ + blocks_->lines_truncated(); }
  Block Unfinished() { return blocks_->Unfinished(); }

  // From now on blocks come from the line at `offset` on, and have been searched. What `search`
  // uses outlives that. Does nothing where the file cannot be read ahead.
  void SearchFrom(uint64_t offset, const LineSearch& search);

  // Puts what was found in the part of the last block that was not kept from the one before behind
  // what `*found` has. False: nobody has searched it.
  bool TakeFound(CandidateCursor* found);

  // How many lines there are in the first `size` bytes of the last block, whole lines. Once for
  // each block.
  int64_t LinesIn(size_t size);

 private:
  absl::StatusOr<Block> NextChunk();
  // Goes on in order from the first byte that was not used up.
  void GoOnInOrder();

  const BlockReader::Options options_;
  const Ahead ahead_;
  const size_t most_;
  std::unique_ptr<ByteReader> reads_;
  std::unique_ptr<BlockReader> blocks_;
  uint64_t lines_truncated_ = 0;  // by readers before that

  std::optional<LineSearch> search_;
  std::unique_ptr<ChunkReader> chunks_;  // null: in order
  Chunk* chunk_ = nullptr;               // the last block's; null: it was read in order
  absl::string_view block_;              // the last one
  uint64_t offset_ = 0;                  // of what comes next, with what is kept
  size_t kept_ = 0;                      // bytes of the last block
  int64_t kept_lines_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_BLOCKS_H_
