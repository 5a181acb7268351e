// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_SNAPPY_BLOCK_H_
#define TALLYBELL_ENGINE_SOURCE_SNAPPY_BLOCK_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tallybell {

// What one Snappy block (not the framed stream) holds. InvalidArgument if it is none, OutOfRange if
// that is more than `max_bytes`, which is known before anything is allocated for it.
absl::StatusOr<std::string> UncompressSnappyBlock(absl::string_view block, size_t max_bytes);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_SNAPPY_BLOCK_H_
