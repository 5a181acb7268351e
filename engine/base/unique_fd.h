// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// A file descriptor with an owner.
#ifndef TALLYBELL_ENGINE_BASE_UNIQUE_FD_H_
#define TALLYBELL_ENGINE_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace tallybell {

// Closes the descriptor when it goes. Movable, not thread-safe.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  // Gives it to somebody else, who closes it.
  int Release() { return std::exchange(fd_, -1); }

  void Reset() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_UNIQUE_FD_H_
