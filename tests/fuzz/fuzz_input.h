// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The bytes of a fuzz target as lines and numbers, so that a corpus can be written by hand, and
// the check that ends a target where an invariant is broken.
#ifndef TALLYBELL_TESTS_FUZZ_FUZZ_INPUT_H_
#define TALLYBELL_TESTS_FUZZ_FUZZ_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"

namespace tallybell {

// Ends the process where `condition` does not hold; the stack says which one it was.
inline void Require(bool condition) {
  if (!condition) std::abort();
}

// Takes an input apart from its beginning. What it gives are views of the input.
class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  explicit FuzzInput(absl::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }
  absl::string_view rest() const { return rest_; }

  // Up to the next newline, which is passed over; empty at the end.
  absl::string_view Line() { return Part('\n'); }

  // Up to the next `end`, which is passed over.
  absl::string_view Part(char end) {
    const absl::string_view part = rest_.substr(0, rest_.find(end));
    rest_.remove_prefix(part.size() < rest_.size() ? part.size() + 1 : part.size());
    return part;
  }

  // 0 at the end.
  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const uint8_t byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return byte;
  }

  // 0 to `n` - 1.
  size_t Below(size_t n) { return Byte() % n; }

 private:
  absl::string_view rest_;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_FUZZ_FUZZ_INPUT_H_
