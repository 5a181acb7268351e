// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/socket_watchdog.h"

#include <fcntl.h>
// Not <netinet/tcp.h>: its tcp_info ends before the byte counters.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/time/time.h"

namespace tallybell {
namespace {

// How often the bytes of a request under way are looked at. The library takes headers byte by byte,
// some 100 MB/s; half a megabyte comes in between.
constexpr DurationNs kLook = 5 * kMillisecond;

TimeNs Steady() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

SocketWatchdog::SocketWatchdog() : thread_([this] { Run(); }) {}

SocketWatchdog::~SocketWatchdog() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.Signal();
  }
  thread_.join();
}

void SocketWatchdog::Begin(DurationNs deadline, int64_t max_bytes) {
  absl::MutexLock lock(&mutex_);
  deadline_ = AddNs(Steady(), deadline);
  max_bytes_ = max_bytes;
  bytes_before_ = BytesReceived();
  cut_ = cancelled_ ? absl::CancelledError("cancelled") : absl::OkStatus();
  armed_ = true;
  changed_.Signal();
}

void SocketWatchdog::Watch(int socket) {
  absl::MutexLock lock(&mutex_);
  socket_ = UniqueFd(fcntl(socket, F_DUPFD_CLOEXEC, 0));
  bytes_before_ = 0;
}

absl::Status SocketWatchdog::End() {
  absl::MutexLock lock(&mutex_);
  armed_ = false;
  if (!cut_.ok()) socket_.Reset();
  return std::exchange(cut_, absl::OkStatus());
}

DurationNs SocketWatchdog::Left() const {
  absl::MutexLock lock(&mutex_);
  return deadline_ - Steady();
}

bool SocketWatchdog::Alive() const {
  absl::MutexLock lock(&mutex_);
  return cut_.ok() && deadline_ > Steady();
}

void SocketWatchdog::Cancel() {
  absl::MutexLock lock(&mutex_);
  cancelled_ = true;
  if (armed_) Cut(absl::CancelledError("cancelled"));
}

void SocketWatchdog::Cut(absl::Status why) {
  if (!cut_.ok()) return;
  cut_ = std::move(why);
  if (socket_) shutdown(socket_.get(), SHUT_RDWR);
}

int64_t SocketWatchdog::BytesReceived() const {
  tcp_info info = {};
  socklen_t size = sizeof info;
  if (!socket_ || getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return static_cast<int64_t>(info.tcpi_bytes_received);
}

void SocketWatchdog::Run() {
  absl::MutexLock lock(&mutex_);
  while (!stopping_) {
    if (!armed_) {
      changed_.Wait(&mutex_);
      continue;
    }
    if (!cut_.ok()) {
      // Again and again: a socket that was not connected yet does not remember the first time.
      if (socket_) shutdown(socket_.get(), SHUT_RDWR);
      changed_.WaitWithTimeout(&mutex_, absl::Nanoseconds(kLook));
      continue;
    }
    const DurationNs left = deadline_ - Steady();
    if (left <= 0) {
      Cut(absl::DeadlineExceededError("no answer in time"));
    } else if (BytesReceived() - bytes_before_ > max_bytes_) {
      Cut(absl::ResourceExhaustedError("the answer is too long"));
    } else {
      changed_.WaitWithTimeout(&mutex_, absl::Nanoseconds(std::min(left, kLook)));
    }
  }
}

}  // namespace tallybell
