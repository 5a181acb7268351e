// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_CHUNK_READER_H_
#define TALLYBELL_ENGINE_RUN_CHUNK_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/base/worker_crew.h"
#include "engine/run/line_search.h"
#include "engine/source/mapped_file.h"

namespace tallybell {

// Whole lines of a file, searched for what rules look for.
struct Chunk {
  // Each line with its newline, but for the last one of the file. At least BlockReader::kPadding
  // bytes follow it that may be looked at.
  const char* begin = nullptr;
  size_t size = 0;  // bytes
  // Of the ChunkReader::Options::front bytes before `begin`, which may be written to. Null: there
  // stand those that are before it in the file.
  char* front = nullptr;
  uint64_t offset = 0;  // of *begin in the file, in bytes
  int64_t lines = 0;
  FoundLines found;     // positions from `begin`
  bool at_end = false;  // the file has no more
  // Has a line or a hole that only a BlockReader knows how to cut: nothing of it is to be used.
  bool odd = false;
  absl::Status status;  // why it could not be read; nothing of it is to be used

  absl::string_view bytes() const { return absl::string_view(begin, size); }
};

// Reads a plain file from some line on, several chunks ahead of who uses them: each is read,
// counted and searched by one thread of a crew while it is in that core's cache. What is in memory
// already is not read but looked at where it is. The lines are those of a BlockReader over the same
// bytes.
//
// Used by one thread at a time.
class ChunkReader {
 public:
  struct Options {
    uint64_t offset = 0;          // of the first line
    size_t chunk = 512 << 10;     // bytes whose lines make a chunk
    size_t max_line = 256 << 10;  // without its newline
    size_t front = 0;             // room before each chunk, in bytes
    int ahead = 1;                // how many chunks are under way at a time, at least 1
  };

  // `fd`, a regular file, `search` and `crew` outlive it. No line that it gives is the first of
  // the file, unless `search` only looks for lines.
  ChunkReader(int fd, Options options, const LineSearch* search, WorkerCrew* crew);
  ~ChunkReader();

  // The next chunk; valid, and the reader's own to change, until the call after the next. Behind
  // one that is at_end, odd or not ok there is none: null.
  Chunk* Next();

 private:
  class Slot;

  const Options options_;
  WorkerCrew* const crew_;
  const std::unique_ptr<MappedFile> file_;  // null: it is too short, or cannot be mapped
  std::vector<std::unique_ptr<Slot>> slots_;
  size_t next_ = 0;  // number of the chunk that Next gives
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_CHUNK_READER_H_
