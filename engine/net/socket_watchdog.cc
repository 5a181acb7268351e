// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/socket_watchdog.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/timerfd.h>
// Not <netinet/tcp.h>: its tcp_info ends before the byte counters.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

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

SocketWatchdog::SocketWatchdog()
    : timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      thread_([this] { Run(); }) {}

SocketWatchdog::~SocketWatchdog() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  LookIn(1);
  thread_.join();
}

void SocketWatchdog::Begin(DurationNs deadline, int64_t max_bytes) {
  absl::MutexLock lock(&mutex_);
  deadline_ = AddNs(Steady(), deadline);
  max_bytes_ = max_bytes;
  bytes_before_ = BytesReceived();
  cut_ = cancelled_ ? absl::CancelledError("cancelled") : absl::OkStatus();
  armed_ = true;
  LookIn(cut_.ok() ? std::clamp<DurationNs>(deadline, 1, kLook) : 1);
}

void SocketWatchdog::Watch(int socket) {
  absl::MutexLock lock(&mutex_);
  socket_ = UniqueFd(fcntl(socket, F_DUPFD_CLOEXEC, 0));
  bytes_before_ = 0;
}

absl::Status SocketWatchdog::End() {
  absl::MutexLock lock(&mutex_);
  armed_ = false;
  LookIn(0);
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

void SocketWatchdog::LookIn(DurationNs wait) const {
  itimerspec when = {};
  when.it_value.tv_sec = wait / kSecond;
  when.it_value.tv_nsec = wait % kSecond;
  timerfd_settime(timer_.get(), 0, &when, nullptr);
}

DurationNs SocketWatchdog::Look() {
  if (!cut_.ok()) {
    // Again and again: a socket that was not connected yet does not remember the first time.
    if (socket_) shutdown(socket_.get(), SHUT_RDWR);
    return kLook;
  }
  const DurationNs left = deadline_ - Steady();
  if (left <= 0) {
    Cut(absl::DeadlineExceededError("no answer in time"));
  } else if (BytesReceived() - bytes_before_ > max_bytes_) {
    Cut(absl::ResourceExhaustedError("the answer is too long"));
  }
  return std::clamp<DurationNs>(left, 1, kLook);
}

void SocketWatchdog::Run() {
  while (true) {
    pollfd timer = {timer_.get(), POLLIN, 0};
    poll(&timer, 1, timer_ ? -1 : static_cast<int>(kLook / kMillisecond));
    uint64_t times;
    [[maybe_unused]] const ssize_t ignored = read(timer_.get(), &times, sizeof times);
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    if (armed_) LookIn(Look());
  }
}

}  // namespace tallybell
