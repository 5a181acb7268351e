// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_FRAME_WORD_SEARCH_H_
#define TALLYBELL_ENGINE_FRAME_WORD_SEARCH_H_

#include "absl/strings/string_view.h"

namespace tallybell {

// Whether `word`, of at least two bytes, stands anywhere in `text`. For words that are mostly not
// there: every byte of a container's log passes here, so this runs near the speed of memory.
bool HoldsWord(absl::string_view text, absl::string_view word);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_FRAME_WORD_SEARCH_H_
