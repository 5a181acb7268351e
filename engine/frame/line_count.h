// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_FRAME_LINE_COUNT_H_
#define TALLYBELL_ENGINE_FRAME_LINE_COUNT_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace tallybell {

// How many lines `bytes` holds; a last one without its newline is one too. Every byte of every
// source passes here, so this runs near the speed of memory.
int64_t CountLines(absl::string_view bytes);

// The same; says in `*has_nul` whether a byte of them is NUL.
int64_t CountLines(absl::string_view bytes, bool* has_nul);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_FRAME_LINE_COUNT_H_
