// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/mapped_file.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>

namespace tallybell {
namespace {

// Memory is given back in steps of so many bytes: each makes all cores forget what they know of it,
// and large pages are best left whole.
constexpr uint64_t kReleaseStep = 8 << 20;

struct sigaction before;
uintptr_t page_size = 0;

}  // namespace

// Where a file is mapped, as a signal's handler may read it.
struct MappedFile::Region {
  static constexpr int kMost = 64;
  static Region regions[kMost];

  static Region* Take() {
    for (Region& region : regions) {
      bool free = false;
      if (region.taken.compare_exchange_strong(free, true)) return &region;
    }
    return nullptr;
  }

  // Puts NUL bytes where the page at fault and those behind it cannot be read.
  static void OnFault(int signal, siginfo_t* info, void*) {
    const int error = errno;
    const auto at = reinterpret_cast<uintptr_t>(info->si_addr);
    for (Region& region : regions) {
      const uintptr_t begin = region.begin.load(std::memory_order_acquire);
      const uintptr_t end = region.end.load(std::memory_order_acquire);
      if (begin == 0 || at < begin || at >= end) continue;
      region.broken.store(true, std::memory_order_release);
      const uintptr_t page = at / page_size * page_size;
      void* const nothing = mmap(reinterpret_cast<void*>(page), end - page, PROT_READ,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      if (nothing != MAP_FAILED) {
        errno = error;
        return;
      }
    }
    // It comes again, and meets what was there before.
    sigaction(signal, &before, nullptr);
    errno = error;
  }

  static bool TakeOverSignal() {
    page_size = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    struct sigaction ours = {};
    ours.sa_sigaction = OnFault;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    return sigaction(SIGBUS, &ours, &before) == 0;
  }

  std::atomic<bool> taken{false};
  std::atomic<bool> broken{false};
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};
};

MappedFile::Region MappedFile::Region::regions[MappedFile::Region::kMost];

std::unique_ptr<MappedFile> MappedFile::Map(int fd, uint64_t least) {
  struct stat facts;
  if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) return nullptr;
  const auto size = static_cast<uint64_t>(facts.st_size);
  if (size == 0 || size < least) return nullptr;
  static const bool ours = Region::TakeOverSignal();
  Region* const region = ours ? Region::Take() : nullptr;
  if (region == nullptr) return nullptr;
  void* const at = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) {
    region->taken.store(false);
    return nullptr;
  }
  const auto begin = reinterpret_cast<uintptr_t>(at);
  region->broken.store(false);
  // A page that the file ends in can be read to its end.
  region->end.store((begin + size + page_size - 1) / page_size * page_size,
                    std::memory_order_release);
  region->begin.store(begin, std::memory_order_release);
  const absl::string_view bytes(static_cast<const char*>(at), size);
  return std::unique_ptr<MappedFile>(new MappedFile(fd, bytes, region));
}

MappedFile::MappedFile(int fd, absl::string_view bytes, Region* region)
    : fd_(fd), bytes_(bytes), region_(region) {}

MappedFile::~MappedFile() {
  region_->begin.store(0, std::memory_order_release);
  munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  region_->taken.store(false);
}

bool MappedFile::Cached(uint64_t begin, uint64_t end) const {
  for (const uint64_t at : {begin, end - 1}) {
    char byte;
    const iovec to = {&byte, 1};
    if (preadv2(fd_, &to, 1, static_cast<off_t>(at), RWF_NOWAIT) != 1) return false;
  }
  return true;
}

void MappedFile::Release(uint64_t end) {
  end = end / kReleaseStep * kReleaseStep;
  if (end <= released_ || end > bytes_.size()) return;
  madvise(const_cast<char*>(bytes_.data()) + released_, end - released_, MADV_DONTNEED);
  released_ = end;
}

bool MappedFile::Intact(uint64_t end) const {
  struct stat facts;
  // Of the page that a file was cut in, the rest is NUL bytes without any fault.
  return !region_->broken.load(std::memory_order_acquire) && fstat(fd_, &facts) == 0 &&
         static_cast<uint64_t>(facts.st_size) >= end;
}

}  // namespace tallybell
