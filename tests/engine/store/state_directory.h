// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_STORE_STATE_DIRECTORY_H_
#define TALLYBELL_TESTS_ENGINE_STORE_STATE_DIRECTORY_H_

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tallybell {

// A directory for state files, gone with the object. In memory where there is such a place: these
// tests sync some ten thousand times, and what they look for is in what is synced and when, not in
// how long a disk takes for it.
class StateDirectory {
 public:
  StateDirectory() {
    const bool in_memory = access("/dev/shm", W_OK | X_OK) == 0;
    std::string pattern =
        absl::StrCat(in_memory ? "/dev/shm" : ::testing::TempDir(), "/tallybell-store.XXXXXX");
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
    EXPECT_FALSE(path_.empty());
  }
  ~StateDirectory() {
    if (!path_.empty()) std::filesystem::remove_all(path_);
  }
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string state() const { return path_ + "/state.db"; }

 private:
  std::string path_;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_STORE_STATE_DIRECTORY_H_
