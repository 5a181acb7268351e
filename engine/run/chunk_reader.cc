// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/chunk_reader.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "engine/frame/line_count.h"
#include "engine/source/block_reader.h"

namespace tallybell {
namespace {

// Read at a time behind a chunk, for the rest of its last line.
constexpr size_t kRest = 16 << 10;

// A file of fewer chunks is not worth mapping.
constexpr uint64_t kLeastMapped = 4;

// Up to `size` bytes at `offset`; less only at the end of the file.
absl::StatusOr<size_t> ReadAt(int fd, char* to, size_t size, uint64_t offset) {
  size_t got = 0;
  while (got < size) {
    const ssize_t n = pread(fd, to + got, size - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, "cannot read");
    if (n == 0) break;
    got += static_cast<size_t>(n);
  }
  return got;
}

// Whether a line of `bytes` is longer than `most`.
bool HasLongLine(absl::string_view bytes, size_t most) {
  size_t begin = 0;
  while (bytes.size() - begin > most) {
    const void* const newline = memrchr(bytes.data() + begin, '\n', most + 1);
    if (newline == nullptr) return true;
    begin = static_cast<const char*>(newline) - bytes.data() + 1;
  }
  return false;
}

// Whether a run of at least BlockReader::kHole NUL bytes begins a line of `bytes`. Such a run
// covers two neighbours of the places that are looked at.
bool HasHole(absl::string_view bytes) {
  constexpr size_t kStep = BlockReader::kHole / 2;
  for (size_t at = 0; at + sizeof(uint64_t) <= bytes.size(); at += kStep) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    if (word != 0) continue;
    size_t begin = at;
    while (begin > 0 && bytes[begin - 1] == '\0') --begin;
    const size_t end = std::min(bytes.find_first_not_of('\0', at), bytes.size());
    if ((begin == 0 || bytes[begin - 1] == '\n') && end - begin >= BlockReader::kHole) return true;
    at = (end / kStep) * kStep;
  }
  return false;
}

}  // namespace

// One chunk under way: what is read into its memory, again and again.
class ChunkReader::Slot : public WorkerCrew::Job {
 public:
  // `file`: null, or of `fd`.
  Slot(int fd, const MappedFile* file, const Options& options, const LineSearch* search)
      : fd_(fd),
        file_(file),
        options_(options),
        worker_(search),
        // The byte before, the lines that begin in the chunk, the rest of the last one.
        capacity_(1 + options.chunk + options.max_line + 1 + kRest),
        buffer_(new char[options.front + capacity_ + BlockReader::kPadding]) {}

  // Of chunk `number`; before Run.
  void Aim(size_t number) {
    number_ = number;
    chunk_.found.Clear();
    chunk_.lines = 0;
    chunk_.size = 0;
    chunk_.at_end = chunk_.odd = false;
    chunk_.status = absl::OkStatus();
  }

  void Run() override {
    if (file_ != nullptr && Look()) {
      Search();
      if (file_->Intact(chunk_.offset + chunk_.size)) return;
      Aim(number_);
    }
    chunk_.status = Read();
    if (chunk_.status.ok() && !chunk_.odd) Search();
  }

  Chunk* chunk() { return &chunk_; }

 private:
  void Search() {
    const absl::string_view bytes = chunk_.bytes();
    chunk_.odd = HasLongLine(bytes, options_.max_line);
    if (chunk_.odd) return;
    const ByteFacts facts = worker_.Find(bytes, &chunk_.found);
    chunk_.lines = facts.lines();
    chunk_.odd = facts.has_nul && HasHole(bytes);
  }

  // The lines that begin in [from, from + options_.chunk) where the file is mapped. False: they
  // have to be read.
  bool Look() {
    const uint64_t from = options_.offset + number_ * options_.chunk;
    const absl::string_view bytes = file_->bytes();
    // The rest of its last line, and what may be looked at behind it.
    const uint64_t behind = options_.max_line + 1 + BlockReader::kPadding;
    if (bytes.size() < behind || from + options_.chunk > bytes.size() - behind) return false;
    if (!file_->Cached(from, from + options_.chunk)) return false;
    const size_t begin = LineFrom(bytes, from);
    const size_t end = LineFrom(bytes, from + options_.chunk);
    if (begin == absl::string_view::npos || end == absl::string_view::npos) return false;
    chunk_.begin = bytes.data() + begin;
    chunk_.size = end - begin;
    chunk_.offset = begin;
    chunk_.front = nullptr;
    return true;
  }

  // Where the first line begins that begins at `at` or behind; npos if the line there is too long.
  // `at` is not the first byte.
  size_t LineFrom(absl::string_view bytes, uint64_t at) const {
    if (at == options_.offset) return at;
    const void* const newline = std::memchr(bytes.data() + at - 1, '\n', options_.max_line + 1);
    if (newline == nullptr) return absl::string_view::npos;
    return static_cast<const char*>(newline) - bytes.data() + 1;
  }

  // The same, into the buffer.
  absl::Status Read() {
    const uint64_t from = options_.offset + number_ * options_.chunk;
    // The byte before tells whether a line begins with the first.
    const size_t before = number_ == 0 ? 0 : 1;
    char* const base = buffer_.get() + options_.front;
    const size_t wanted = before + options_.chunk;
    const absl::StatusOr<size_t> read = ReadAt(fd_, base, wanted, from - before);
    if (!read.ok()) return read.status();
    size_t end = *read;
    chunk_.at_end = end < wanted;
    size_t begin = 0;
    if (before == 1) {
      const void* const newline = std::memchr(base, '\n', std::max<size_t>(end, 1) - 1);
      // No line begins here; one that ends the chunk begins in the next.
      begin = newline == nullptr ? end : static_cast<const char*>(newline) - base + 1;
    }
    while (!chunk_.at_end && begin < end && base[end - 1] != '\n') {
      if (end + kRest > capacity_) {
        chunk_.odd = true;
        return absl::OkStatus();
      }
      const absl::StatusOr<size_t> rest = ReadAt(fd_, base + end, kRest, from - before + end);
      if (!rest.ok()) return rest.status();
      const void* const newline = std::memchr(base + end, '\n', *rest);
      if (newline == nullptr) {
        chunk_.at_end = *rest < kRest;
        end += *rest;
      } else {
        end = static_cast<const char*>(newline) - base + 1;
      }
    }
    chunk_.begin = chunk_.front = base + begin;
    chunk_.size = end - begin;
    chunk_.offset = from - before + begin;
    std::memset(base + end, 0, BlockReader::kPadding);
    return absl::OkStatus();
  }

  const int fd_;
  const MappedFile* const file_;
  const Options& options_;
  LineSearch::Worker worker_;
  const size_t capacity_;
  const std::unique_ptr<char[]> buffer_;
  size_t number_ = 0;
  Chunk chunk_;
};

ChunkReader::ChunkReader(int fd, Options options, const LineSearch* search, WorkerCrew* crew)
    : options_(options),
      crew_(crew),
      file_(MappedFile::Map(fd, options.offset + kLeastMapped * options.chunk)) {
  // One more than are under way: the one that was given.
  for (int i = 0; i <= std::max(options_.ahead, 1); ++i) {
    slots_.push_back(std::make_unique<Slot>(fd, file_.get(), options_, search));
  }
}

ChunkReader::~ChunkReader() {
  for (const auto& slot : slots_) crew_->Finish(slot.get());
}

Chunk* ChunkReader::Next() {
  if (ended_) return nullptr;
  const size_t ahead = slots_.size() - 1;
  for (size_t number = started_ ? next_ + ahead - 1 : 0; number < next_ + ahead; ++number) {
    Slot* const slot = slots_[number % slots_.size()].get();
    slot->Aim(number);
    crew_->Start(slot);
  }
  started_ = true;
  // Chunk next_ - 1 is still looked at.
  if (file_ != nullptr && next_ > 0) {
    file_->Release(options_.offset + (next_ - 1) * options_.chunk);
  }
  Slot* const slot = slots_[next_++ % slots_.size()].get();
  crew_->Finish(slot);
  Chunk* const chunk = slot->chunk();
  ended_ = chunk->at_end || chunk->odd || !chunk->status.ok();
  return chunk;
}

}  // namespace tallybell
