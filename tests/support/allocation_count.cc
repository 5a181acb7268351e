// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/support/allocation_count.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace tallybell {
namespace {

std::atomic<int64_t> count{0};

void* Allocate(size_t size, size_t alignment) {
  count.fetch_add(1, std::memory_order_relaxed);
  if (size == 0) size = 1;
  void* block = nullptr;
  if (alignment <= alignof(std::max_align_t)) {
    block = std::malloc(size);
  } else if (posix_memalign(&block, alignment, size) != 0) {
    block = nullptr;
  }
  if (block == nullptr) std::abort();
  return block;
}

}  // namespace

int64_t AllocationCount() { return count.load(std::memory_order_relaxed); }

}  // namespace tallybell

void* operator new(size_t size) { return tallybell::Allocate(size, 1); }
void* operator new(size_t size, std::align_val_t alignment) {
  return tallybell::Allocate(size, static_cast<size_t>(alignment));
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, size_t, std::align_val_t) noexcept { std::free(block); }
void* operator new[](size_t size) { return tallybell::Allocate(size, 1); }
void* operator new[](size_t size, std::align_val_t alignment) {
  return tallybell::Allocate(size, static_cast<size_t>(alignment));
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return tallybell::Allocate(size, 1);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return tallybell::Allocate(size, 1);
}
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete[](void* block, size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, size_t, std::align_val_t) noexcept { std::free(block); }
