// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_STORE_SMALL_DISK_H_
#define TALLYBELL_TESTS_ENGINE_STORE_SMALL_DISK_H_

#include <errno.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tests/engine/store/watched_vfs.h"

namespace tallybell {

// A disk of which only so much is left for the files of one directory: what would make them larger
// than that together is refused, to SQLite and to posix_fallocate. One for the process.
class SmallDisk : public WatchedVfs::Watcher {
 public:
  // From now on the files of `directory` may grow by `room` bytes together.
  void Limit(const std::string& directory, int64_t room) {
    {
      absl::MutexLock lock(&mutex_);
      directory_ = directory;
    }
    capacity_ = Used() + room;
    only_ = this;
  }
  void Unlimit() { capacity_ = kUnlimited; }
  ~SmallDisk() override { only_ = nullptr; }

  int Before(const WatchedVfs::Request& request, int* error) override {
    if (request.call != WatchedVfs::Call::kWrite) return SQLITE_OK;
    struct stat facts;
    if (stat(request.name.c_str(), &facts) != 0) return SQLITE_OK;
    const int64_t growth = request.at + static_cast<int64_t>(request.bytes.size()) - facts.st_size;
    if (growth <= 0 || Used() + growth <= capacity_) return SQLITE_OK;
    *error = ENOSPC;
    return SQLITE_FULL;
  }

  // Whether a file of `size` finds room.
  static bool HasRoomFor(int64_t size) {
    SmallDisk* const disk = only_;
    return disk == nullptr || disk->Used() + size <= disk->capacity_;
  }

 private:
  static constexpr int64_t kUnlimited = int64_t{1} << 60;

  int64_t Used() const {
    std::string directory;
    {
      absl::MutexLock lock(&mutex_);
      directory = directory_;
    }
    int64_t used = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
      const auto size = entry.file_size(error);
      if (!error) used += static_cast<int64_t>(size);
    }
    return used;
  }

  inline static std::atomic<SmallDisk*> only_{nullptr};
  mutable absl::Mutex mutex_;
  std::string directory_ ABSL_GUARDED_BY(mutex_);
  std::atomic<int64_t> capacity_{kUnlimited};
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_STORE_SMALL_DISK_H_
