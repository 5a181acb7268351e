// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors
//
// The system's Abseil is not built with ThreadSanitizer, which therefore does not see what its
// mutexes order and reports races where there are none. In builds with that sanitizer the linker
// sends the calls here (cmake/Flags.cmake), which say it.

#include "absl/base/options.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);

#define TALLYBELL_TEXT_(name) #name
#define TALLYBELL_TEXT(name) TALLYBELL_TEXT_(name)
// Debian's inline namespace: "debian" and a digit.
#define TALLYBELL_ABSL "_ZN4absl7" TALLYBELL_TEXT(ABSL_OPTION_INLINE_NAMESPACE_NAME)
#define TALLYBELL_WRAP(symbol) __asm__("__wrap_" TALLYBELL_ABSL symbol)
#define TALLYBELL_REAL(symbol) __asm__("__real_" TALLYBELL_ABSL symbol)

void RealLock(absl::Mutex* mutex) TALLYBELL_REAL("5Mutex4LockEv");
void RealUnlock(absl::Mutex* mutex) TALLYBELL_REAL("5Mutex6UnlockEv");
void RealAwait(absl::Mutex* mutex, const absl::Condition& condition)
    TALLYBELL_REAL("5Mutex5AwaitERKNS0_9ConditionE");
bool RealAwaitWithTimeout(absl::Mutex* mutex, const absl::Condition& condition,
                          absl::Duration timeout)
    TALLYBELL_REAL("5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
void RealWait(absl::CondVar* condition, absl::Mutex* mutex)
    TALLYBELL_REAL("7CondVar4WaitEPNS0_5MutexE");
bool RealWaitWithTimeout(absl::CondVar* condition, absl::Mutex* mutex, absl::Duration timeout)
    TALLYBELL_REAL("7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");

void WrapLock(absl::Mutex* mutex) TALLYBELL_WRAP("5Mutex4LockEv");
void WrapUnlock(absl::Mutex* mutex) TALLYBELL_WRAP("5Mutex6UnlockEv");
void WrapAwait(absl::Mutex* mutex, const absl::Condition& condition)
    TALLYBELL_WRAP("5Mutex5AwaitERKNS0_9ConditionE");
bool WrapAwaitWithTimeout(absl::Mutex* mutex, const absl::Condition& condition,
                          absl::Duration timeout)
    TALLYBELL_WRAP("5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
void WrapWait(absl::CondVar* condition, absl::Mutex* mutex)
    TALLYBELL_WRAP("7CondVar4WaitEPNS0_5MutexE");
bool WrapWaitWithTimeout(absl::CondVar* condition, absl::Mutex* mutex, absl::Duration timeout)
    TALLYBELL_WRAP("7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");

void WrapLock(absl::Mutex* mutex) {
  RealLock(mutex);
  __tsan_acquire(mutex);
}

void WrapUnlock(absl::Mutex* mutex) {
  __tsan_release(mutex);
  RealUnlock(mutex);
}

void WrapAwait(absl::Mutex* mutex, const absl::Condition& condition) {
  __tsan_release(mutex);
  RealAwait(mutex, condition);
  __tsan_acquire(mutex);
}

bool WrapAwaitWithTimeout(absl::Mutex* mutex, const absl::Condition& condition,
                          absl::Duration timeout) {
  __tsan_release(mutex);
  const bool met = RealAwaitWithTimeout(mutex, condition, timeout);
  __tsan_acquire(mutex);
  return met;
}

void WrapWait(absl::CondVar* condition, absl::Mutex* mutex) {
  __tsan_release(mutex);
  RealWait(condition, mutex);
  __tsan_acquire(mutex);
}

bool WrapWaitWithTimeout(absl::CondVar* condition, absl::Mutex* mutex, absl::Duration timeout) {
  __tsan_release(mutex);
  const bool timed_out = RealWaitWithTimeout(condition, mutex, timeout);
  __tsan_acquire(mutex);
  return timed_out;
}

// A thread that unlocks evaluates the conditions of those that wait, inside the library and with
// the mutex held.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:CastAndCallMethod\nrace:CastAndCallFunction\nrace:Dereference\n";
}
