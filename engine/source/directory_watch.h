// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_DIRECTORY_WATCH_H_
#define TALLYBELL_ENGINE_SOURCE_DIRECTORY_WATCH_H_

#include <cstdint>
#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "engine/base/unique_fd.h"

namespace tallybell {

// Wakes who polls when something happens in a directory. Only ever a hint: events may be missing
// (network file systems, limits of the kernel), and whoever relies on one looks for himself.
// Not thread-safe.
class DirectoryWatch {
 public:
  // What it asks the kernel for; a test gives it a kernel that refuses.
  struct Kernel {
    int (*open)(int flags);
    int (*add)(int fd, const char* path, uint32_t events);
  };
  static Kernel ThisKernel();

  // Not `enabled`: watches nothing, as where the kernel gives no watches.
  explicit DirectoryWatch(bool enabled, Kernel kernel = ThisKernel());

  // Becomes readable when there is something to take; -1 if the kernel gives no watches.
  int fd() const { return fd_.get(); }

  // Watches these directories and no others. Those that cannot be watched are tried again with
  // the next call; the first time this is logged.
  void Watch(const std::set<std::string>& directories);

  // Takes all events. True if names may have changed, not only what is in the files.
  bool Take();

 private:
  void Refused(int error);
  void Forget(int watch);

  const Kernel kernel_;
  UniqueFd fd_;
  absl::flat_hash_map<std::string, int> watches_;
  bool logged_ = false;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_DIRECTORY_WATCH_H_
