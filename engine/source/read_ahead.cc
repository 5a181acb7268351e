// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/read_ahead.h"

#include <algorithm>
#include <cstring>

namespace tallybell {

struct ReadAhead::Block {
  explicit Block(size_t capacity) : bytes(new char[capacity]) {}

  const std::unique_ptr<char[]> bytes;
  size_t size = 0;
  bool last = false;    // the end, or an error, is behind it
  absl::Status status;  // that error
};

ReadAhead::ReadAhead(ByteReader* bytes, Options options, WorkerCrew* crew)
    : bytes_(bytes),
      size_(options.block),
      blocks_([&options] {
        std::vector<std::unique_ptr<Block>> blocks;
        for (size_t i = 0; i < options.blocks; ++i) {
          blocks.push_back(std::make_unique<Block>(options.block));
        }
        return blocks;
      }()),
      ring_(
          options.blocks, [this](size_t place) { return Fill(blocks_[place].get()); }, crew) {}

ReadAhead::~ReadAhead() = default;

bool ReadAhead::Fill(Block* block) {
  block->size = 0;
  while (block->size < size_ && !block->last) {
    const absl::StatusOr<size_t> n =
        bytes_->Read(block->bytes.get() + block->size, size_ - block->size);
    block->last = !n.ok() || *n == 0;
    if (n.ok()) {
      block->size += *n;
    } else {
      block->status = n.status();
    }
  }
  return !block->last;
}

absl::StatusOr<size_t> ReadAhead::Read(char* buffer, size_t size) {
  for (;;) {
    const Block& block = *blocks_[ring_.Front()];
    const size_t n = std::min(size, block.size - used_);
    if (n > 0) {
      std::memcpy(buffer, block.bytes.get() + used_, n);
      used_ += n;
      return n;
    }
    if (block.last) {
      if (!block.status.ok()) return block.status;
      return size_t{0};
    }
    used_ = 0;
    ring_.Pop();
  }
}

}  // namespace tallybell
