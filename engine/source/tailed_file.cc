// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/tailed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/base/time_ns.h"

namespace tallybell {
namespace {

constexpr uint64_t kLineSearch = 1 << 20;

// Two files that had the same inode one after the other differ in this.
uint64_t BirthOf(int fd) {
  struct statx facts;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &facts) != 0) return 0;
  if ((facts.stx_mask & STATX_BTIME) == 0) return 0;
  return facts.stx_btime.tv_sec * kSecond + facts.stx_btime.tv_nsec;
}

// Descriptors from here on are not for logs: the state file and receivers need some.
int DescriptorsForFiles() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 1 << 30) return 1 << 30;
  return static_cast<int>(limit.rlim_cur - std::clamp<rlim_t>(limit.rlim_cur / 4, 1, 64));
}

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }

}  // namespace

absl::StatusOr<std::unique_ptr<TailedFile>> TailedFile::Open(const std::string& path,
                                                             const std::string& name) {
  // Without O_NONBLOCK a named pipe would hang here, before it is known to be one.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd && (errno == EMFILE || errno == ENFILE)) {
    return absl::ResourceExhaustedError("too many open files");
  }
  if (!fd) return absl::ErrnoToStatus(errno, "cannot open");
  if (fd.get() >= DescriptorsForFiles()) {
    return absl::ResourceExhaustedError("too many open files");
  }
  struct stat facts;
  if (fstat(fd.get(), &facts) != 0) return absl::ErrnoToStatus(errno, "cannot stat");
  if (!S_ISREG(facts.st_mode)) return absl::InvalidArgumentError("is not a regular file");
  FilePosition identity;
  identity.path = name;
  identity.device = facts.st_dev;
  identity.inode = facts.st_ino;
  identity.birth = BirthOf(fd.get());
  std::unique_ptr<TailedFile> file(new TailedFile(std::move(fd), std::move(identity)));
  return file;
}

absl::StatusOr<size_t> TailedFile::Read(char* buffer, size_t size) {
  if (truncated_ || state_ != State::kOpen) return 0;
  // The bytes before come in the same call as the new ones: nothing can happen in between.
  char before[FilePosition::kSample];
  iovec parts[] = {{before, tail_.size()}, {buffer, size}};
  ssize_t n;
  do {
    n = preadv(fd_.get(), parts, 2, offset_ - tail_.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) return absl::ErrnoToStatus(errno, "cannot read");
  if (static_cast<size_t>(n) < tail_.size() || memcmp(before, tail_.data(), tail_.size()) != 0) {
    truncated_ = true;
    return 0;
  }
  const size_t got = n - tail_.size();
  offset_ += got;
  head_.append(buffer, std::min(got, FilePosition::kSample - head_.size()));
  if (got < FilePosition::kSample) {
    tail_.append(buffer, got);
    tail_.erase(0, tail_.size() - std::min<size_t>(tail_.size(), FilePosition::kSample));
  } else {
    tail_.assign(buffer + got - FilePosition::kSample, FilePosition::kSample);
  }
  return got;
}

uint64_t TailedFile::SkipHole() {
  if (truncated_ || state_ != State::kOpen || !ContentStands()) return 0;
  struct stat facts;
  if (fstat(fd_.get(), &facts) != 0) return 0;
  off_t data = lseek(fd_.get(), static_cast<off_t>(offset_), SEEK_DATA);
  if (data < 0 && errno == ENXIO) data = facts.st_size;  // nothing was written behind it
  // Less is read as fast.
  if (data < 0 || static_cast<uint64_t>(data) < offset_ + FilePosition::kSample) return 0;
  const uint64_t skipped = data - offset_;
  offset_ = data;
  head_.append(FilePosition::kSample - head_.size(), '\0');
  tail_.assign(FilePosition::kSample, '\0');
  return skipped;
}

absl::StatusOr<FilePosition> TailedFile::PositionAt(uint64_t offset) {
  if (offset > offset_) return absl::InvalidArgumentError("not read so far yet");
  FilePosition position = identity_;
  position.offset = offset;
  const absl::string_view head = absl::string_view(head_).substr(0, offset);
  position.head_length = head.size();
  position.head_hash = HashSample(head);
  position.tail_length = std::min(offset, FilePosition::kSample);
  const std::string tail = Sample(offset - position.tail_length, position.tail_length);
  position.tail_hash = HashSample(tail);
  // Checked last: what was sampled before is then of the content that was read.
  if (tail.size() != position.tail_length || !ContentStands()) {
    truncated_ = true;
    return absl::AbortedError("the file was truncated");
  }
  return position;
}

absl::StatusOr<TailedFile::Look> TailedFile::Stat() {
  struct stat facts;
  if (fstat(fd_.get(), &facts) != 0) return absl::ErrnoToStatus(errno, "cannot stat");
  Look look;
  look.size = facts.st_size;
  look.deleted = facts.st_nlink == 0;
  const int64_t mtime = Nanoseconds(facts.st_mtim);
  const int64_t ctime = Nanoseconds(facts.st_ctim);
  const bool moved =
      facts.st_size != checked_size_ || mtime != checked_mtime_ || ctime != checked_ctime_;
  if (moved && !truncated_) {
    truncated_ = look.size < offset_ || !ContentStands();
    checked_size_ = facts.st_size;
    checked_mtime_ = mtime;
    checked_ctime_ = ctime;
  }
  look.truncated = truncated_;
  return look;
}

bool TailedFile::ContentStands() {
  return !truncated_ && Sample(0, head_.size()) == head_ &&
         Sample(offset_ - tail_.size(), tail_.size()) == tail_;
}

bool TailedFile::IsAt(const FilePosition& position) const {
  if (position.inode != identity_.inode) return false;
  const bool dated = position.birth != 0 && identity_.birth != 0;
  // An inode that was used again; a few bytes may be the same all the same.
  if (dated && position.birth != identity_.birth) return false;
  // Where nothing was read there is no content to compare.
  return position.offset == 0 ? dated : Fits(position);
}

bool TailedFile::IsOf(const FilePosition& position) const {
  return position.device == identity_.device && position.inode == identity_.inode &&
         position.birth == identity_.birth && identity_.birth != 0;
}

bool TailedFile::Fits(const FilePosition& position) const {
  const std::string head = Sample(0, position.head_length);
  if (head.size() != position.head_length || HashSample(head) != position.head_hash) return false;
  const std::string tail = Sample(position.offset - position.tail_length, position.tail_length);
  if (tail.size() != position.tail_length || HashSample(tail) != position.tail_hash) return false;
  struct stat facts;
  return fstat(fd_.get(), &facts) == 0 && static_cast<uint64_t>(facts.st_size) >= position.offset;
}

bool TailedFile::Seek(uint64_t offset) {
  const uint64_t length = std::min(offset, FilePosition::kSample);
  std::string head = Sample(0, length);
  std::string tail = Sample(offset - length, length);
  if (head.size() != length || tail.size() != length) return false;
  head_ = std::move(head);
  tail_ = std::move(tail);
  offset_ = offset;
  return true;
}

uint64_t TailedFile::LineStart(uint64_t offset) const {
  const uint64_t floor = offset - std::min(offset, kLineSearch);
  for (uint64_t end = offset; end > floor;) {
    const uint64_t begin = end - std::min<uint64_t>(end - floor, 64 << 10);
    const std::string bytes = Sample(begin, end - begin);
    const size_t newline = bytes.rfind('\n');
    if (newline != std::string::npos) return begin + newline + 1;
    end = begin;
  }
  return floor == 0 ? 0 : offset;
}

FilePosition TailedFile::LastPosition() const {
  FilePosition position = identity_;
  position.offset = offset_;
  position.head_length = head_.size();
  position.head_hash = HashSample(head_);
  position.tail_length = tail_.size();
  position.tail_hash = HashSample(tail_);
  return position;
}

std::string TailedFile::Sample(uint64_t begin, uint64_t length) const {
  std::string bytes(length, '\0');
  size_t size = 0;
  while (size < length) {
    const ssize_t n = pread(fd_.get(), bytes.data() + size, length - size, begin + size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    size += n;
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace tallybell
