// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_BLOCK_READER_H_
#define TALLYBELL_ENGINE_SOURCE_BLOCK_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/source/byte_reader.h"

namespace tallybell {

// Whole lines, as they stand in the file. Valid until the next call of the reader.
struct Block {
  // Contiguous bytes of the file: each line with its newline, but for the last line of a finished
  // file and for a line that was cut. At least BlockReader::kPadding zero bytes follow it in
  // memory, for readers that look ahead.
  absl::string_view bytes;
  // Of bytes[0], in decompressed bytes from the start of the file.
  uint64_t offset = 0;
  // Where a new reader goes on after this block, with the same lines to come: behind the last line
  // and what was skipped of it.
  uint64_t next_offset = 0;
  // The reader has no more for now; in a finished file, ever. `bytes` may then be empty.
  bool at_end = false;
  // The last line was longer than max_line: this is its beginning, and the rest is skipped.
  bool cut = false;
  // What follows is not contiguous with `bytes`: Keep does nothing.
  bool sealed = false;
};

// Cuts what a ByteReader gives into blocks of whole lines.
//
// A line that is longer than max_line is cut: its first max_line bytes end a block, the rest is
// skipped and counted, and the next block starts behind it, so offsets stay those of the file and
// memory does not grow with the line. A line that starts with kHole or more NUL bytes (a sparse
// hole, a tail zeroed by a crash) is given from its first other byte on; a shorter run of them
// stays where it is. A UTF-8 byte order mark at the start of the file is left out. What the lines
// are does not depend on how the bytes arrive nor on where a block ends.
//
// Copies nothing but what is carried from one block to the next. Not thread-safe.
class BlockReader {
 public:
  static constexpr size_t kPadding = 64;
  static constexpr size_t kHole = 64;

  struct Options {
    size_t block = 1 << 20;       // how much is read at a time, in bytes
    size_t max_line = 256 << 10;  // without its newline
    uint64_t offset = 0;          // of the reader's first byte: the start of a line
    // The file is still being written: its last line is held back until its newline or Finish.
    bool live = false;
  };

  // `reader` must outlive it.
  BlockReader(ByteReader* reader, Options options);
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;
  ~BlockReader();

  // The next block. InvalidArgument if the file is UTF-16; otherwise what the ByteReader says,
  // after all that was read before; a further call tries again.
  absl::StatusOr<Block> Next();

  // Asks for the last `n` bytes of the last block (whole lines) at the front of the next one.
  // False, and nothing is kept, if that block is sealed or n is more than it or Options::block.
  bool Keep(size_t n);

  // What there is of the line that is held back, when a live file was read to its end for now;
  // nothing where more is needed to know what it is, or where it is too long. Valid as a block is.
  Block Unfinished();

  // A live file has ended: Next gives the line that was held back.
  void Finish() { live_ = false; }

  uint64_t lines_truncated() const { return lines_truncated_; }

 private:
  // Reads once, behind what there is. False: there is no more for now.
  absl::StatusOr<bool> Fill();
  // Moves what is left to the front of the buffer if that is cheap or needed.
  void MakeRoom();
  // Nothing more will come before this call returns: the last line of a finished file is whole.
  void EndLastLine();

  // Looks at the first bytes of the file. False: more of them are needed.
  absl::StatusOr<bool> PassByteOrderMark();
  // Drops the NUL bytes of a hole at begin_. False: more bytes are needed to know.
  bool PassHole(bool last);
  // Drops what was read of the line that is being skipped. Where the next line starts in the
  // buffer; 0 if that is not known yet.
  size_t SkipRestOfLine(bool last);
  // The first hole that starts a line in (begin_, end); `end` if there is none.
  size_t FindHole(size_t end) const;
  // The start of the first line of [begin_, end) that is longer than max_line; or `end`.
  size_t FindLongLine(size_t end) const;

  // What can be given now, if anything; may start to skip a line.
  bool Cut(size_t kept, bool last, Block* block);
  Block Give(size_t end, size_t next, uint64_t next_offset);
  void HideTail(size_t at);
  void ShowTail();
  void Drop(size_t n);

  ByteReader* const reader_;
  const Options options_;
  const size_t capacity_;
  const std::unique_ptr<char[]> buffer_;

  // What was read and not given is [begin_, end_) of the buffer.
  size_t begin_ = 0;
  size_t end_ = 0;
  // Behind the last newline of it.
  size_t complete_ = 0;
  // buffer_[begin_] stands here in the file.
  uint64_t begin_offset_;
  // The next_offset of the last block.
  uint64_t resume_offset_;

  // The last block's size if it can be kept, and how much of it is.
  size_t given_ = 0;
  size_t kept_ = 0;

  // Of the line at begin_ only the first max_line bytes stay; so many are gone behind them.
  bool skipping_ = false;
  uint64_t skipped_ = 0;
  bool in_hole_ = false;
  bool live_;
  bool start_checked_;
  // To be told after the bytes that came before it.
  absl::Status error_;
  uint64_t lines_truncated_ = 0;

  // The kPadding bytes behind the last block, which are zero while it is out.
  char hidden_[kPadding];
  size_t hidden_at_ = 0;
  bool hiding_ = false;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_BLOCK_READER_H_
