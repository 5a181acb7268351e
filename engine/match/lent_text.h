// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MATCH_LENT_TEXT_H_
#define TALLYBELL_ENGINE_MATCH_LENT_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace tallybell {

// A text that is its own, or that somebody lends for as long as he says. Most lines that count are
// looked at soon and then never again: what is lent needs no memory of its own meanwhile. At most
// 4 GiB. Not thread-safe.
class LentText {
 public:
  LentText() = default;
  // Its own, as a string would be.
  explicit LentText(absl::string_view text) : data_(text.data()), size_(Size(text)) { Keep(); }

  // `text` outlives it, and what it is moved to, or Keep is called before that ends.
  static LentText Lend(absl::string_view text) {
    LentText lent;
    lent.data_ = text.data();
    lent.size_ = Size(text);
    return lent;
  }

  LentText(LentText&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        own_(std::exchange(other.own_, false)) {}
  LentText& operator=(LentText&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(own_, other.own_);
    return *this;
  }
  // A copy is its own.
  LentText(const LentText& other) : LentText(other.view()) {}
  LentText& operator=(const LentText& other) { return *this = LentText(other); }
  ~LentText() {
    if (own_) delete[] data_;
  }

  // Makes what was lent its own.
  void Keep() {
    if (own_ || size_ == 0) return;
    char* const copy = new char[size_];
    std::memcpy(copy, data_, size_);
    data_ = copy;
    own_ = true;
  }

  absl::string_view view() const { return {data_, size_}; }
  operator absl::string_view() const { return view(); }  // NOLINT: it is a text
  size_t size() const { return size_; }
  bool lent() const { return !own_; }

  friend bool operator==(const LentText& a, absl::string_view b) { return a.view() == b; }
  friend std::ostream& operator<<(std::ostream& out, const LentText& text) {
    return out << text.view();
  }

 private:
  static uint32_t Size(absl::string_view text) { return static_cast<uint32_t>(text.size()); }

  const char* data_ = nullptr;
  uint32_t size_ = 0;
  bool own_ = false;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MATCH_LENT_TEXT_H_
