// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_FILE_POSITION_H_
#define TALLYBELL_ENGINE_SOURCE_FILE_POSITION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tallybell {

// How far one file has been read, with enough of the file to know it again. Device and inode alone
// are not enough (they are used again at once), nor is the beginning alone (many logs begin alike).
struct FilePosition {
  // A head or a tail is so many bytes, or all there are.
  static constexpr uint64_t kSample = 1024;

  std::string path;  // as configured; the file may have been renamed since
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t birth = 0;       // when the inode was made, in ns since 1970; 0: the system does not say
  uint64_t generation = 0;  // how often its content was found to be another
  uint64_t offset = 0;
  // Of the first and of the last bytes before `offset`. Bytes behind it prove nothing: they may
  // still be taken back.
  uint64_t head_length = 0;
  uint64_t head_hash = 0;
  uint64_t tail_length = 0;
  uint64_t tail_hash = 0;

  friend bool operator==(const FilePosition&, const FilePosition&) = default;

  // The key of its row in the store: the same for all positions of one file and generation.
  std::string Key() const;
  // One line of text; Decode reads back exactly that and nothing else (InvalidArgument).
  std::string Encode() const;
  static absl::StatusOr<FilePosition> Decode(absl::string_view text);
};

// FNV-1a. The same on every machine: it is kept in the state file.
uint64_t HashSample(absl::string_view bytes);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_FILE_POSITION_H_
