// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Loaded before the C library (LD_PRELOAD), it makes the disk of one file, and of what is beside it
// under names that begin alike, small or read-only. SMALL_DISK_PATH names the file;
// SMALL_DISK_STATE another, which says how: not there, no limit; a number, so many bytes are all
// that these files may have together; "EROFS", no write succeeds.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace {

std::string Environment(const char* name) {
  const char* const value = getenv(name);
  return value == nullptr ? "" : value;
}

// What the state file says; empty without one.
std::string State() {
  const int fd = open(Environment("SMALL_DISK_STATE").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  char text[32];
  const ssize_t n = read(fd, text, sizeof(text));
  close(fd);
  return n <= 0 ? "" : std::string(text, static_cast<size_t>(n));
}

long long Used(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = path.substr(0, slash);
  const std::string prefix = path.substr(slash + 1);
  long long used = 0;
  DIR* const names = opendir(directory.c_str());
  if (names == nullptr) return 0;
  while (const dirent* const entry = readdir(names)) {
    if (strncmp(entry->d_name, prefix.c_str(), prefix.size()) != 0) continue;
    struct stat facts;
    if (stat((directory + "/" + entry->d_name).c_str(), &facts) == 0) used += facts.st_size;
  }
  closedir(names);
  return used;
}

// The error of a write that ends at `end`; 0 if it may be done.
int Refusal(int fd, long long end) {
  const std::string path = Environment("SMALL_DISK_PATH");
  char link[64];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  char name[4096];
  const ssize_t n = readlink(link, name, sizeof(name));
  if (path.empty() || n < static_cast<ssize_t>(path.size())) return 0;
  if (strncmp(name, path.c_str(), path.size()) != 0) return 0;
  const std::string state = State();
  if (state.empty()) return 0;
  if (state == "EROFS") return EROFS;
  struct stat facts;
  if (fstat(fd, &facts) != 0 || end <= facts.st_size) return 0;
  return Used(path) + end - facts.st_size > atoll(state.c_str()) ? ENOSPC : 0;
}

using Write = ssize_t (*)(int, const void*, size_t, off64_t);

ssize_t WriteAt(const char* name, int fd, const void* data, size_t size, off64_t at) {
  const int error = Refusal(fd, static_cast<long long>(at) + static_cast<long long>(size));
  if (error != 0) {
    errno = error;
    return -1;
  }
  return reinterpret_cast<Write>(dlsym(RTLD_NEXT, name))(fd, data, size, at);
}

}  // namespace

extern "C" {

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return WriteAt("pwrite", fd, data, size, at);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  return WriteAt("pwrite64", fd, data, size, at);
}

int posix_fallocate(int fd, off_t offset, off_t size) {
  const int error = Refusal(fd, static_cast<long long>(offset) + size);
  if (error != 0) return error;
  return ftruncate(fd, offset + size) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  return posix_fallocate(fd, offset, size);
}

}  // extern "C"
