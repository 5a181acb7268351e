// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/cli/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/unique_fd.h"

namespace tallybell {
namespace {

constexpr size_t kMaxBytes = size_t{4} << 20;

absl::StatusOr<std::string> Read(const std::string& path, mode_t forbidden) {
  const bool standard_input = path == "-";
  UniqueFd fd(standard_input ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return absl::ErrnoToStatus(errno, "cannot be opened");
  struct stat status;
  if (!standard_input && fstat(fd.get(), &status) == 0) {
    if (!S_ISREG(status.st_mode)) return absl::InvalidArgumentError("is not a regular file");
    if ((status.st_mode & forbidden) != 0) {
      return absl::PermissionDeniedError("can be written by others: chmod go-w mends it");
    }
  }
  std::string text;
  char buffer[64 << 10];
  while (true) {
    const ssize_t n = read(fd.get(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::ErrnoToStatus(errno, "cannot be read");
    if (n == 0) return text;
    text.append(buffer, static_cast<size_t>(n));
    if (text.size() > kMaxBytes) return absl::InvalidArgumentError("is over 4 MiB");
  }
}

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path) { return Read(path, 0); }

absl::StatusOr<std::string> ReadConfigurationFile(const std::string& path) {
  return Read(path, S_IWGRP | S_IWOTH);
}

}  // namespace tallybell
