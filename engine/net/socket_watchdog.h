// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_SOCKET_WATCHDOG_H_
#define TALLYBELL_ENGINE_NET_SOCKET_WATCHDOG_H_

#include <cstdint>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/time_ns.h"
#include "engine/base/unique_fd.h"

namespace tallybell {

// Cuts a connection from outside: when its total time is up, when it has brought more bytes than
// any honest answer has, or when it is told to. The library's own timeouts start anew with every
// read, so a server that drips a byte a second would hold its caller for ever; and it reads
// headers of any length.
//
// It holds a descriptor of its own to the same socket, so it can never cut a stranger's that got
// the number after a close. Its thread sleeps through a request that is quickly done. Begin, Watch
// and End are the requesting thread's; Cancel is anyone's.
class SocketWatchdog {
 public:
  SocketWatchdog();
  ~SocketWatchdog();

  // Starts the clock of one request.
  void Begin(DurationNs deadline, int64_t max_bytes);

  // The request goes over `socket` from now on: it was just made.
  void Watch(int socket);

  // Stops the clock. OK, DeadlineExceeded, ResourceExhausted (too many bytes) or Cancelled.
  absl::Status End();

  // Time left of the request that Begin began; 0 or less when it is over.
  DurationNs Left() const;
  // Whether the watched connection may go on: not cut, not cancelled, time left.
  bool Alive() const;

  // Cuts what is under way and everything that is begun later.
  void Cancel();

 private:
  void Run();
  // Looks at the request under way; how long until the next time.
  DurationNs Look() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The thread looks in `wait`; 0: not before this is called again.
  void LookIn(DurationNs wait) const;
  void Cut(absl::Status why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int64_t BytesReceived() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // A condition variable would wake the thread with each request. Where there is no
  // timer, as when there were no descriptors left, it looks all the time.
  const UniqueFd timer_;
  mutable absl::Mutex mutex_;
  UniqueFd socket_ ABSL_GUARDED_BY(mutex_);
  bool armed_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  TimeNs deadline_ ABSL_GUARDED_BY(mutex_) = 0;  // of the steady clock
  int64_t max_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t bytes_before_ ABSL_GUARDED_BY(mutex_) = 0;  // of earlier requests on this connection
  absl::Status cut_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_SOCKET_WATCHDOG_H_
