// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_STORE_BALLAST_H_
#define TALLYBELL_ENGINE_STORE_BALLAST_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace tallybell {

// Room on the disk that is taken while there is plenty of it, and given up when the disk is full: a
// file of nothing beside the state file. A full disk refuses even to delete a row; without this it
// could not be noted what receivers have accepted.
//
// Not thread-safe.
class Ballast {
 public:
  // `size` in bytes; 0: there is none. Does nothing yet.
  Ballast(std::string path, int64_t size) : path_(std::move(path)), size_(size) {}

  // Takes the room if it is not taken, so that the blocks are really there, and only where the disk
  // has room for `more` bytes besides. Of size 0: removes what an earlier run may have left.
  // ResourceExhausted if the disk has no room for it, else what the system says; then nothing is
  // taken.
  absl::Status Take(int64_t more = 0);
  // Gives it up. False if there was none.
  bool GiveUp();

  bool held() const { return held_; }
  // Bytes that are taken.
  int64_t bytes() const { return held_ ? size_ : 0; }
  // It is to be held, and is not: the disk was full.
  bool missing() const { return size_ > 0 && !held_; }

 private:
  std::string path_;
  int64_t size_;
  bool held_ = false;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_STORE_BALLAST_H_
