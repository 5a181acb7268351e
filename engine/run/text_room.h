// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_TEXT_ROOM_H_
#define TALLYBELL_ENGINE_RUN_TEXT_ROOM_H_

#include <algorithm>
#include <cstddef>
#include <memory>

#include "absl/strings/string_view.h"

namespace tallybell {

// Room for texts that are put there together, used again and again. Where they stand does not
// change when the room is moved. Not thread-safe.
class TextRoom {
 public:
  // Makes room for `size` bytes in all, in place of what was there.
  void Empty(size_t size) {
    if (size > size_) bytes_.reset(new char[size]);
    size_ = std::max(size, size_);
    used_ = 0;
  }
  // `text` as it stands here from now on; there must be room.
  absl::string_view Put(absl::string_view text) {
    char* const at = bytes_.get() + used_;
    std::copy(text.begin(), text.end(), at);
    used_ += text.size();
    return {at, text.size()};
  }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  size_t used_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_TEXT_ROOM_H_
