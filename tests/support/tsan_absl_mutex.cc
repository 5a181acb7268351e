// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors
//
// The system's Abseil is not built with ThreadSanitizer, which therefore does not see what its
// mutexes order and reports races where there are none. In builds with that sanitizer the linker
// sends the calls here (cmake/Flags.cmake), which say it.

#include "absl/base/options.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
extern "C" void AnnotateIgnoreReadsBegin(const char* file, int line);
extern "C" void AnnotateIgnoreReadsEnd(const char* file, int line);

#define TALLYBELL_TEXT_(name) #name
#define TALLYBELL_TEXT(name) TALLYBELL_TEXT_(name)
// Debian's inline namespace: "debian" and a digit.
#define TALLYBELL_ABSL "_ZN4absl7" TALLYBELL_TEXT(ABSL_OPTION_INLINE_NAMESPACE_NAME)
#define TALLYBELL_ABSL_CONST "_ZNK4absl7" TALLYBELL_TEXT(ABSL_OPTION_INLINE_NAMESPACE_NAME)
#define TALLYBELL_WRAP(symbol) __asm__("__wrap_" TALLYBELL_ABSL symbol)
#define TALLYBELL_REAL(symbol) __asm__("__real_" TALLYBELL_ABSL symbol)
#define TALLYBELL_WRAP_CONST(symbol) __asm__("__wrap_" TALLYBELL_ABSL_CONST symbol)
#define TALLYBELL_REAL_CONST(symbol) __asm__("__real_" TALLYBELL_ABSL_CONST symbol)

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

void RealNotify(absl::Notification* notification) TALLYBELL_REAL("12Notification6NotifyEv");
void RealWaitForNotification(const absl::Notification* notification)
    TALLYBELL_REAL_CONST("12Notification19WaitForNotificationEv");
bool RealWaitForNotificationWithTimeout(const absl::Notification* notification,
                                        absl::Duration timeout)
    TALLYBELL_REAL_CONST("12Notification30WaitForNotificationWithTimeoutENS0_8DurationE");
bool RealDecrementCount(absl::BlockingCounter* counter)
    TALLYBELL_REAL("15BlockingCounter14DecrementCountEv");
void RealWaitForCounter(absl::BlockingCounter* counter) TALLYBELL_REAL("15BlockingCounter4WaitEv");

void WrapNotify(absl::Notification* notification) TALLYBELL_WRAP("12Notification6NotifyEv");
void WrapWaitForNotification(const absl::Notification* notification)
    TALLYBELL_WRAP_CONST("12Notification19WaitForNotificationEv");
bool WrapWaitForNotificationWithTimeout(const absl::Notification* notification,
                                        absl::Duration timeout)
    TALLYBELL_WRAP_CONST("12Notification30WaitForNotificationWithTimeoutENS0_8DurationE");
bool WrapDecrementCount(absl::BlockingCounter* counter)
    TALLYBELL_WRAP("15BlockingCounter14DecrementCountEv");
void WrapWaitForCounter(absl::BlockingCounter* counter) TALLYBELL_WRAP("15BlockingCounter4WaitEv");

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

namespace {

// A thread that gives a mutex back evaluates the conditions of those that wait for it, inside the
// library and with the mutex held: what it reads there is in order.
class ReadsAreInOrder {
 public:
  ReadsAreInOrder() { AnnotateIgnoreReadsBegin(__FILE__, __LINE__); }
  ~ReadsAreInOrder() { AnnotateIgnoreReadsEnd(__FILE__, __LINE__); }
};

// The library's own watch over the order of locks has a table that the sanitizer takes for a race.
[[maybe_unused]] const bool order_is_not_watched = [] {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return true;
}();

}  // namespace

void WrapLock(absl::Mutex* mutex) {
  RealLock(mutex);
  __tsan_acquire(mutex);
}

void WrapUnlock(absl::Mutex* mutex) {
  __tsan_release(mutex);
  const ReadsAreInOrder reads;
  RealUnlock(mutex);
}

void WrapAwait(absl::Mutex* mutex, const absl::Condition& condition) {
  __tsan_release(mutex);
  const ReadsAreInOrder reads;
  RealAwait(mutex, condition);
  __tsan_acquire(mutex);
}

bool WrapAwaitWithTimeout(absl::Mutex* mutex, const absl::Condition& condition,
                          absl::Duration timeout) {
  __tsan_release(mutex);
  const ReadsAreInOrder reads;
  const bool met = RealAwaitWithTimeout(mutex, condition, timeout);
  __tsan_acquire(mutex);
  return met;
}

void WrapWait(absl::CondVar* condition, absl::Mutex* mutex) {
  __tsan_release(mutex);
  const ReadsAreInOrder reads;
  RealWait(condition, mutex);
  __tsan_acquire(mutex);
}

bool WrapWaitWithTimeout(absl::CondVar* condition, absl::Mutex* mutex, absl::Duration timeout) {
  __tsan_release(mutex);
  const ReadsAreInOrder reads;
  const bool timed_out = RealWaitWithTimeout(condition, mutex, timeout);
  __tsan_acquire(mutex);
  return timed_out;
}

void WrapNotify(absl::Notification* notification) {
  __tsan_release(notification);
  RealNotify(notification);
}

void WrapWaitForNotification(const absl::Notification* notification) {
  RealWaitForNotification(notification);
  __tsan_acquire(const_cast<absl::Notification*>(notification));
}

bool WrapWaitForNotificationWithTimeout(const absl::Notification* notification,
                                        absl::Duration timeout) {
  const bool notified = RealWaitForNotificationWithTimeout(notification, timeout);
  __tsan_acquire(const_cast<absl::Notification*>(notification));
  return notified;
}

bool WrapDecrementCount(absl::BlockingCounter* counter) {
  __tsan_release(counter);
  return RealDecrementCount(counter);
}

void WrapWaitForCounter(absl::BlockingCounter* counter) {
  RealWaitForCounter(counter);
  __tsan_acquire(counter);
}

// A thread that unlocks evaluates the conditions of those that wait, inside the library and with
// the mutex held.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:CastAndCallMethod\nrace:CastAndCallFunction\nrace:Dereference\n";
}
