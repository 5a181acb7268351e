// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/block_reader.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include "engine/base/status_macros.h"

namespace tallybell {
namespace {

// So little is moved without a thought: a buffer that stays small stays in the cache.
constexpr size_t kCheapMove = 4 << 10;

// The first byte of [begin, end) that is not NUL, or `end`.
const char* SkipNuls(const char* begin, const char* end) {
  static constexpr char kNuls[256] = {};
  while (static_cast<size_t>(end - begin) >= sizeof(kNuls) &&
         memcmp(begin, kNuls, sizeof(kNuls)) == 0) {
    begin += sizeof(kNuls);
  }
  while (begin < end && *begin == '\0') ++begin;
  return begin;
}

}  // namespace

BlockReader::BlockReader(ByteReader* reader, Options options)
    : reader_(reader),
      options_(options),
      // What was kept, a line that is not whole yet, and what is read behind them.
      capacity_(2 * options.block + options.max_line + 1),
      buffer_(new char[capacity_ + kPadding]),
      begin_offset_(options.offset),
      resume_offset_(options.offset),
      live_(options.live),
      start_checked_(options.offset != 0) {}

BlockReader::~BlockReader() = default;

absl::StatusOr<Block> BlockReader::Next() {
  ShowTail();
  const size_t kept = std::exchange(kept_, 0);
  given_ = 0;
  for (bool last = !error_.ok();;) {
    if (!start_checked_) {
      ASSIGN_OR_RETURN(start_checked_, PassByteOrderMark());
      if (last && !live_) start_checked_ = true;
    }
    Block block;
    if (start_checked_ && Cut(kept, last, &block)) return block;
    if (last) {
      if (!error_.ok()) return std::exchange(error_, absl::OkStatus());
      const uint64_t resume = resume_offset_;
      block = Give(begin_, begin_, begin_offset_);
      // Not behind what was dropped of a hole: a new reader must see all of it.
      block.next_offset = resume_offset_ = resume;
      block.at_end = true;
      block.sealed = true;
      return block;
    }
    absl::StatusOr<bool> filled = Fill();
    if (!filled.ok()) {
      if (live_) {
        kept_ = kept;
        return filled.status();
      }
      error_ = filled.status();
    }
    last = !filled.ok() || !*filled;
    if (last) EndLastLine();
  }
}

bool BlockReader::Cut(size_t kept, bool last, Block* block) {
  for (;;) {
    if (skipping_) {
      const size_t next = SkipRestOfLine(last);
      if (next == 0) return false;
      const size_t cut = begin_ + options_.max_line;
      *block = Give(cut, next, begin_offset_ + options_.max_line + skipped_ + (next - cut));
      block->cut = true;
      given_ = 0;
      skipping_ = false;
      ++lines_truncated_;
      break;
    }
    if (!PassHole(last)) return false;
    const size_t hole = FindHole(std::max(complete_, begin_));
    const size_t end = FindLongLine(hole);
    const bool followed = end < complete_ || end_ - end > options_.max_line;
    if (end > begin_ && (end > begin_ + kept || followed || last)) {
      *block = Give(end, end, begin_offset_ + (end - begin_));
      if (followed || (last && !live_)) given_ = 0;
      break;
    }
    // Nothing stands before the line that is too long, so it is the first.
    if (end > begin_ || end_ - begin_ <= options_.max_line) return false;
    skipping_ = true;
    skipped_ = 0;
  }
  block->sealed = given_ == 0;
  block->at_end = last && error_.ok() && (live_ || begin_ == end_);
  return true;
}

bool BlockReader::Keep(size_t n) {
  if (n > given_ || n > options_.block) return false;
  kept_ = n;
  begin_ -= n;
  begin_offset_ -= n;
  return true;
}

Block BlockReader::Unfinished() {
  ShowTail();
  Block block;
  block.offset = block.next_offset = begin_offset_;
  if (!live_ || !start_checked_ || skipping_ || complete_ > begin_ || begin_ == end_) return block;
  block.bytes = absl::string_view(buffer_.get() + begin_, end_ - begin_);
  // Nothing but NUL bytes so far may become a hole.
  if (block.bytes[0] == '\0' &&
      SkipNuls(block.bytes.data(), buffer_.get() + end_) == buffer_.get() + end_) {
    block.bytes = absl::string_view();
    return block;
  }
  HideTail(end_);
  return block;
}

absl::StatusOr<bool> BlockReader::Fill() {
  // What is dropped as it comes need not come where nothing was ever written.
  if (in_hole_ && begin_ == end_) begin_offset_ += reader_->SkipHole();
  if (skipping_) skipped_ += reader_->SkipHole();
  MakeRoom();
  const size_t room = std::min(options_.block, capacity_ - end_);
  ASSIGN_OR_RETURN(const size_t n, reader_->Read(buffer_.get() + end_, room));
  if (n == 0) return false;
  const void* newline = memrchr(buffer_.get() + end_, '\n', n);
  end_ += n;
  if (newline != nullptr) {
    complete_ = static_cast<const char*>(newline) - buffer_.get() + 1;
  }
  return true;
}

void BlockReader::MakeRoom() {
  const size_t left = end_ - begin_;
  if (begin_ == 0 || (left > kCheapMove && capacity_ - end_ >= options_.block)) return;
  memmove(buffer_.get(), buffer_.get() + begin_, left);
  complete_ = complete_ > begin_ ? complete_ - begin_ : 0;
  begin_ = 0;
  end_ = left;
}

void BlockReader::EndLastLine() {
  if (!live_) complete_ = end_;
}

absl::StatusOr<bool> BlockReader::PassByteOrderMark() {
  const absl::string_view start(buffer_.get() + begin_, std::min<size_t>(end_ - begin_, 3));
  if (start.substr(0, 2) == "\xff\xfe" || start.substr(0, 2) == "\xfe\xff") {
    return absl::InvalidArgumentError("UTF-16 is not supported");
  }
  constexpr absl::string_view kUtf8Mark = "\xef\xbb\xbf";
  if (start == kUtf8Mark) {
    Drop(start.size());
    return true;
  }
  if (start.empty()) return false;
  const bool may_be_mark =
      start == kUtf8Mark.substr(0, start.size()) || start == "\xff" || start == "\xfe";
  return !may_be_mark;
}

bool BlockReader::PassHole(bool last) {
  const char* const begin = buffer_.get() + begin_;
  const char* const end = buffer_.get() + end_;
  if (begin == end || (!in_hole_ && *begin != '\0')) return true;
  const size_t run = SkipNuls(begin, end) - begin;
  const bool to_the_end = begin + run == end;
  if (in_hole_ || run >= kHole) {
    Drop(run);
    in_hole_ = to_the_end;
    return !to_the_end;
  }
  return !to_the_end || last;
}

size_t BlockReader::SkipRestOfLine(bool last) {
  const size_t cut = begin_ + options_.max_line;
  const size_t left = end_ - cut;
  const void* newline = memchr(buffer_.get() + cut, '\n', left);
  if (newline != nullptr) return static_cast<const char*>(newline) - buffer_.get() + 1;
  if (last && !live_) return end_;
  skipped_ += left;
  end_ = cut;
  complete_ = begin_;
  return 0;
}

size_t BlockReader::FindHole(size_t end) const {
  const char* const stop = buffer_.get() + end;
  const char* at = buffer_.get() + begin_;
  while (at < stop) {
    at = static_cast<const char*>(memchr(at, '\0', stop - at));
    if (at == nullptr) return end;
    const char* const run_end = SkipNuls(at, stop);
    const bool starts_line = at > buffer_.get() + begin_ && at[-1] == '\n';
    if (starts_line && static_cast<size_t>(run_end - at) >= kHole) return at - buffer_.get();
    at = run_end;
  }
  return end;
}

size_t BlockReader::FindLongLine(size_t end) const {
  size_t line = begin_;
  while (end - line > options_.max_line) {
    const char* const window = buffer_.get() + line;
    const void* newline = memrchr(window, '\n', options_.max_line + 1);
    if (newline == nullptr) return line;
    line = static_cast<const char*>(newline) - buffer_.get() + 1;
  }
  return end;
}

Block BlockReader::Give(size_t end, size_t next, uint64_t next_offset) {
  Block block;
  block.bytes = absl::string_view(buffer_.get() + begin_, end - begin_);
  block.offset = begin_offset_;
  block.next_offset = next_offset;
  given_ = block.bytes.size();
  resume_offset_ = next_offset;
  begin_ = next;
  begin_offset_ = next_offset;
  HideTail(end);
  return block;
}

void BlockReader::Drop(size_t n) {
  begin_ += n;
  begin_offset_ += n;
}

void BlockReader::HideTail(size_t at) {
  memcpy(hidden_, buffer_.get() + at, kPadding);
  memset(buffer_.get() + at, 0, kPadding);
  hidden_at_ = at;
  hiding_ = true;
}

void BlockReader::ShowTail() {
  if (!std::exchange(hiding_, false)) return;
  memcpy(buffer_.get() + hidden_at_, hidden_, kPadding);
}

}  // namespace tallybell
