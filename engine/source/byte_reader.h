// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_BYTE_READER_H_
#define TALLYBELL_ENGINE_SOURCE_BYTE_READER_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"

namespace tallybell {

// Bytes in order, from a file, an archive or a pipe. Not thread-safe.
class ByteReader {
 public:
  virtual ~ByteReader() = default;

  // Puts up to `size` bytes (at least 1) into `buffer` and returns how many; 0: at the end, or at
  // the end for now if the file is still being written. After an error the bytes given before it
  // stand; a further call tries again.
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t size) = 0;

  // Passes over bytes that were never written (a hole of a sparse file, which reads as NUL), and
  // returns how many; 0 where the system does not say. Reading them is as good, and slow.
  virtual uint64_t SkipHole() { return 0; }
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_BYTE_READER_H_
