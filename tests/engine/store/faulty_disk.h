// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_STORE_FAULTY_DISK_H_
#define TALLYBELL_TESTS_ENGINE_STORE_FAULTY_DISK_H_

#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>

namespace tallybell {

// A disk under SQLite that fails at a given step: a write, a truncation or a deletion. One for the
// process; works as usual until it is told to fail. Thread-safe.
class FaultyDisk {
 public:
  static constexpr int kNever = -1;
  // Instead of an errno: the process ends.
  static constexpr int kEndProcess = 0;

  static void Install() {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    const auto set = [&](const char* name, auto* function) {
      vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(function));
    };
    set("pwrite", Pwrite);
    set("pwrite64", Pwrite);
    set("ftruncate", Ftruncate);
    set("unlink", Unlink);
    Heal();
  }

  // Fails after `steps` more steps, once or from then on.
  static void FailAfter(int steps, int error, bool lasting) {
    error_ = error;
    lasting_ = lasting;
    faults_ = 0;
    steps_left_ = steps;
  }
  static void Heal() { steps_left_ = kNever; }
  static int faults() { return faults_; }
  // Waits for the first failure.
  static void AwaitFault() { faults_.wait(0); }

 private:
  static bool Fails() {
    if (steps_left_ == kNever) return false;
    if (steps_left_ > 0) {
      --steps_left_;
      return false;
    }
    if (error_ == kEndProcess) _exit(0);
    if (!lasting_) Heal();
    ++faults_;
    faults_.notify_all();
    return true;
  }

  static ssize_t Pwrite(int fd, const void* data, size_t size, off_t at) {
    if (!Fails()) return pwrite(fd, data, size, at);
    // What a full disk takes of a write.
    if (error_ == ENOSPC && size > 1 && pwrite(fd, data, size / 2, at) < 0) return -1;
    errno = error_;
    return -1;
  }

  static int Ftruncate(int fd, off_t size) {
    if (!Fails()) return ftruncate(fd, size);
    errno = error_;
    return -1;
  }

  static int Unlink(const char* path) {
    if (!Fails()) return unlink(path);
    errno = error_;
    return -1;
  }

  inline static std::atomic<int> steps_left_{kNever};
  inline static std::atomic<int> error_{0};
  inline static std::atomic<bool> lasting_{false};
  inline static std::atomic<int> faults_{0};
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_STORE_FAULTY_DISK_H_
