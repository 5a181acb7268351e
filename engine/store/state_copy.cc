// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/state_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/base/status_macros.h"
#include "engine/base/unique_fd.h"

namespace tallybell {
namespace {

constexpr size_t kBlock = size_t{1} << 20;
// Holds two numbers that are others each time the log is begun anew.
constexpr size_t kLogHeader = 32;

absl::Status Failed(absl::string_view what) {
  return absl::ErrnoToStatus(errno, std::string(what));
}

absl::Status WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("cannot write the copy of the state file");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status CopyAll(int from, const std::string& to) {
  const UniqueFd out(open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!out) return Failed("cannot copy the state file");
  std::vector<char> block(kBlock);
  for (off_t at = 0;;) {
    const ssize_t n = pread(from, block.data(), block.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("cannot read the state file");
    if (n == 0) return absl::OkStatus();
    RETURN_IF_ERROR(WriteAll(out.get(), absl::string_view(block.data(), static_cast<size_t>(n))));
    at += n;
  }
}

// The log's header, as much as there is of it; nothing: there is no log.
absl::StatusOr<std::optional<std::string>> ReadLogHeader(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd && errno == ENOENT) return std::nullopt;
  char header[kLogHeader];
  const ssize_t n = fd ? pread(fd.get(), header, sizeof(header), 0) : -1;
  if (n < 0) return Failed("cannot read its write-ahead log");
  return std::string(header, static_cast<size_t>(n));
}

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool SameContent(const struct stat& a, const struct stat& b) {
  return SameFile(a, b) && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// The log stands beside the file, not beside a link to it.
absl::StatusOr<std::string> RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&free)> real(realpath(path.c_str(), nullptr), &free);
  if (real == nullptr) return Failed("cannot open");
  return std::string(real.get());
}

}  // namespace

absl::StatusOr<std::unique_ptr<StateCopy>> StateCopy::Take(const std::string& path,
                                                           const std::string& directory) {
  ASSIGN_OR_RETURN(const std::string real, RealPath(path));
  std::string pattern = absl::StrCat(directory, "/tallybell-XXXXXX");
  if (mkdtemp(pattern.data()) == nullptr) {
    return Failed(absl::StrCat("cannot make a directory in ", directory));
  }
  std::unique_ptr<StateCopy> copy(new StateCopy(pattern));
  for (int tries = 0; tries < kMaxTries; ++tries) {
    ASSIGN_OR_RETURN(const bool whole, copy->TryOnce(real));
    if (whole) return copy;
  }
  return absl::UnavailableError("it changes faster than it can be copied; try again");
}

absl::StatusOr<bool> StateCopy::TryOnce(const std::string& path) const {
  const std::string log_path = path + "-wal";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat before;
  if (!file || fstat(file.get(), &before) != 0) return Failed("cannot open");
  if (!S_ISREG(before.st_mode)) return absl::FailedPreconditionError("it is not a regular file");
  ASSIGN_OR_RETURN(const std::optional<std::string> header, ReadLogHeader(log_path));
  RETURN_IF_ERROR(CopyAll(file.get(), this->path()));
  if (header.has_value()) {
    const UniqueFd log(open(log_path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!log) return false;
    RETURN_IF_ERROR(CopyAll(log.get(), this->path() + "-wal"));
  } else {
    unlink((this->path() + "-wal").c_str());
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> header_after, ReadLogHeader(log_path));
  struct stat after;
  if (header_after != header || stat(path.c_str(), &after) != 0) return false;
  return header.has_value() ? SameFile(before, after) : SameContent(before, after);
}

void StateCopy::Unlink() {
  if (directory_.empty()) return;
  for (const absl::string_view suffix : {"", "-wal", "-shm", "-journal"}) {
    unlink(absl::StrCat(path(), suffix).c_str());
  }
  rmdir(directory_.c_str());
  directory_.clear();
}

StateCopy::~StateCopy() { Unlink(); }

}  // namespace tallybell
