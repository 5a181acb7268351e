// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_READ_AHEAD_H_
#define TALLYBELL_ENGINE_SOURCE_READ_AHEAD_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/ahead_ring.h"
#include "engine/base/worker_crew.h"
#include "engine/source/byte_reader.h"

namespace tallybell {

// The bytes of another reader, of which a few blocks are always read ahead by a crew of threads:
// what costs much to read, such as an archive, is read while the bytes before it are looked at.
// Bytes and errors are the same, and come at the same places.
//
// Read is for one thread at a time.
class ReadAhead : public ByteReader {
 public:
  struct Options {
    size_t block = 256 << 10;  // bytes, at least 1
    size_t blocks = 4;         // at least 2
  };

  // `bytes` and `crew` outlive it, and nobody else reads `bytes` meanwhile. Each read of `bytes`
  // should return soon: one that is under way cannot be called off. Begins to read at once.
  ReadAhead(ByteReader* bytes, Options options, WorkerCrew* crew);
  ~ReadAhead() override;

  // What comes behind an error of `bytes` is never asked for: the error comes again.
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;

 private:
  struct Block;

  bool Fill(Block* block);

  ByteReader* const bytes_;
  const size_t size_;  // of a block
  std::vector<std::unique_ptr<Block>> blocks_;
  size_t used_ = 0;  // bytes of the first block
  AheadRing ring_;   // is done with the others before they go
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_READ_AHEAD_H_
