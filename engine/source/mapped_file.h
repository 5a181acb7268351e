// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_MAPPED_FILE_H_
#define TALLYBELL_ENGINE_SOURCE_MAPPED_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"

namespace tallybell {

// A regular file as it lies in the kernel's page cache: to read it copies nothing.
//
// Where such bytes cannot be read (the file was truncated meanwhile, or its disk fails), NUL bytes
// stand in their place and Intact says so; whoever has looked at them asks, and reads again in the
// usual way, which tells what is wrong. For that the first Map takes over SIGBUS; a fault that is
// of no MappedFile is left to whoever had the signal before.
//
// bytes(), Cached() and Intact() may be called from any thread.
class MappedFile {
 public:
  // `fd` stays the caller's and must not be closed before. Null: it has not `least` bytes, or
  // cannot be mapped.
  static std::unique_ptr<MappedFile> Map(int fd, uint64_t least);
  ~MappedFile();

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // As many as there were when it was mapped.
  absl::string_view bytes() const { return bytes_; }

  // Whether the file's bytes around `begin` and before `end` are in memory, so that to look at them
  // waits for no disk. A disk is better read with large reads.
  bool Cached(uint64_t begin, uint64_t end) const;

  // Lets go of the memory that the bytes before `end` take in this process. They may be looked at
  // again. For one thread.
  void Release(uint64_t end);

  // Whether the file still has the bytes before `end`, and all that were looked at could be read.
  bool Intact(uint64_t end) const;

 private:
  struct Region;

  MappedFile(int fd, absl::string_view bytes, Region* region);

  const int fd_;
  const absl::string_view bytes_;
  Region* const region_;
  uint64_t released_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_MAPPED_FILE_H_
