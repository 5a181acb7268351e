// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_blocks.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/status_macros.h"
#include "engine/frame/line_count.h"

namespace tallybell {
namespace {

// Gives at most so many bytes at a time.
class SmallReads : public ByteReader {
 public:
  SmallReads(ByteReader* bytes, size_t most) : bytes_(bytes), most_(most) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    return bytes_->Read(buffer, std::min(size, most_));
  }
  uint64_t SkipHole() override { return bytes_->SkipHole(); }

 private:
  ByteReader* const bytes_;
  const size_t most_;
};

// A file from some offset on, wherever others read in it.
class ReadsFrom : public ByteReader {
 public:
  ReadsFrom(int fd, uint64_t offset, size_t most) : fd_(fd), offset_(offset), most_(most) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    ssize_t n;
    do {
      n = pread(fd_, buffer, std::min(size, most_), static_cast<off_t>(offset_));
    } while (n < 0 && errno == EINTR);
    if (n < 0) return absl::ErrnoToStatus(errno, "cannot read");
    offset_ += static_cast<uint64_t>(n);
    return static_cast<size_t>(n);
  }

 private:
  const int fd_;
  uint64_t offset_;
  const size_t most_;
};

}  // namespace

SourceBlocks::SourceBlocks(ByteReader* bytes, size_t most, BlockReader::Options options,
                           Ahead ahead)
    : options_(options),
      ahead_(ahead),
      most_(most),
      reads_(std::make_unique<SmallReads>(bytes, most)),
      blocks_(std::make_unique<BlockReader>(reads_.get(), options)) {}

SourceBlocks::~SourceBlocks() = default;

void SourceBlocks::SearchFrom(uint64_t offset, const LineSearch& search) {
  if (ahead_.fd < 0 || ahead_.crew == nullptr || options_.live) return;
  search_.emplace(search);
  ChunkReader::Options options;
  options.offset = offset;
  options.chunk = ahead_.chunk;
  options.max_line = options_.max_line;
  options.front = options_.block;
  options.ahead = ahead_.chunks;
  chunks_ = std::make_unique<ChunkReader>(ahead_.fd, options, &*search_, ahead_.crew);
  chunk_ = nullptr;
  block_ = absl::string_view();
  offset_ = offset;
  kept_ = 0;
  kept_lines_ = 0;
}

absl::StatusOr<Block> SourceBlocks::Next() {
  if (chunks_ != nullptr) return NextChunk();
  chunk_ = nullptr;
  ASSIGN_OR_RETURN(Block block, blocks_->Next());
  block_ = block.bytes;
  return block;
}

absl::StatusOr<Block> SourceBlocks::NextChunk() {
  const absl::string_view kept = block_.substr(block_.size() - kept_);
  Chunk* const chunk = chunks_->Next();
  if (chunk == nullptr || chunk->odd || !chunk->status.ok()) {
    GoOnInOrder();
    return Next();
  }
  chunk_ = chunk;
  Block block;
  if (chunk->front != nullptr && !kept.empty()) {
    std::memcpy(chunk->front - kept.size(), kept.data(), kept.size());
  }
  block.bytes = absl::string_view(chunk->begin - kept.size(), kept.size() + chunk->size);
  block.offset = offset_;
  block.next_offset = offset_ + block.bytes.size();
  block.at_end = chunk->at_end;
  block_ = block.bytes;
  offset_ = block.next_offset;
  kept_ = 0;
  return block;
}

void SourceBlocks::GoOnInOrder() {
  lines_truncated_ += blocks_->lines_truncated();
  chunks_.reset();
  reads_ = std::make_unique<ReadsFrom>(ahead_.fd, offset_, most_);
  BlockReader::Options options = options_;
  options.offset = offset_;
  blocks_ = std::make_unique<BlockReader>(reads_.get(), options);
  kept_lines_ = 0;
}

bool SourceBlocks::Keep(size_t n) {
  if (chunk_ == nullptr) return blocks_->Keep(n);
  if (n > block_.size() || n > options_.block) return false;
  kept_ = n;
  offset_ -= n;
  return true;
}

bool SourceBlocks::TakeFound(CandidateCursor* found) {
  if (chunk_ == nullptr) return false;
  found->Add(chunk_->offset, &chunk_->found);
  return true;
}

int64_t SourceBlocks::LinesIn(size_t size) {
  if (chunk_ == nullptr) return CountLines(block_.substr(0, size));
  const int64_t rest = CountLines(block_.substr(size));
  return std::exchange(kept_lines_, rest) + chunk_->lines - rest;
}

}  // namespace tallybell
