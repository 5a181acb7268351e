// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "engine/base/unique_fd.h"

namespace tallybell {

absl::Status Ballast::Take(int64_t more) {
  if (held_) return absl::OkStatus();
  if (size_ <= 0) {
    unlink(path_.c_str());
    return absl::OkStatus();
  }
  const UniqueFd fd(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return absl::ErrnoToStatus(errno, absl::StrCat("its ballast ", path_));
  struct stat facts;
  if (fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("its ballast ", path_, " is not a regular file"));
  }
  int error = posix_fallocate(fd.get(), 0, size_ + more);
  // A file that an earlier run left larger would hold more than was asked for, too.
  const bool larger = more > 0 || facts.st_size > size_;
  if (error == 0 && larger && ftruncate(fd.get(), size_) != 0) error = errno;
  if (error != 0) {
    unlink(path_.c_str());
    const std::string what =
        absl::StrCat("there is no room for its ballast of ", size_, " bytes, ", path_);
    const absl::Status status = absl::ErrnoToStatus(error, what);
    if (error != ENOSPC && error != EDQUOT && error != EFBIG) return status;
    return absl::ResourceExhaustedError(status.message());
  }
  held_ = true;
  return absl::OkStatus();
}

bool Ballast::GiveUp() {
  if (!held_) return false;
  held_ = false;
  unlink(path_.c_str());
  return true;
}

}  // namespace tallybell
