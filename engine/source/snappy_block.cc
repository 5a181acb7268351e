// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/snappy_block.h"

#include <snappy.h>

#include "absl/strings/str_cat.h"

namespace tallybell {

absl::StatusOr<std::string> UncompressSnappyBlock(absl::string_view block, size_t max_bytes) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) {
    return absl::InvalidArgumentError("snappy: corrupt input");
  }
  if (size > max_bytes) {
    return absl::OutOfRangeError(
        absl::StrCat("request body too large: more than ", max_bytes, " bytes when decompressed"));
  }
  std::string uncompressed(size, '\0');
  if (!snappy::RawUncompress(block.data(), block.size(), &uncompressed[0])) {
    return absl::InvalidArgumentError("snappy: corrupt input");
  }
  return uncompressed;
}

}  // namespace tallybell
