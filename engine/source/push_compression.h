// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Takes off what a pushed body was compressed with. Sizes are capped before anything is allocated
// for them, so that a small body cannot become a large one.
#ifndef TALLYBELL_ENGINE_SOURCE_PUSH_COMPRESSION_H_
#define TALLYBELL_ENGINE_SOURCE_PUSH_COMPRESSION_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/source/push_headers.h"

namespace tallybell {

// `body` without its HTTP content encoding; at most `max_bytes`. gzip may be in several members;
// deflate comes with zlib's header, as the RFC says, or without, as Loki's clients write it.
// InvalidArgument if it is not what it claims to be or ends too early, OutOfRange if it is larger.
absl::StatusOr<std::string> InflatePush(PushCompression compression, std::string body,
                                        size_t max_bytes);

// What one Snappy block (not the framed stream) holds. The same errors.
absl::StatusOr<std::string> UncompressSnappyBlock(absl::string_view block, size_t max_bytes);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_PUSH_COMPRESSION_H_
