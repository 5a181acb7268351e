// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/cli/service_notifier.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

// Takes a variable out of the environment.
std::string Take(const char* name) {
  const char* const value = getenv(name);
  const std::string text = value != nullptr ? value : "";
  unsetenv(name);
  return text;
}

}  // namespace

ServiceNotifier::ServiceNotifier() : address_(Take("NOTIFY_SOCKET")) {
  const std::string watched = Take("WATCHDOG_PID");
  const std::string microseconds = Take("WATCHDOG_USEC");
  const bool path = !address_.empty() && (address_[0] == '/' || address_[0] == '@');
  if (!path || address_.size() >= sizeof(sockaddr_un::sun_path)) return;
  if (address_[0] == '@') address_[0] = '\0';
  socket_ = UniqueFd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  int64_t wait = 0;
  if (!absl::SimpleAtoi(microseconds, &wait) || wait <= 0 || wait > kDay / kMicrosecond) return;
  if (!watched.empty() && watched != absl::StrCat(getpid())) return;
  patience_ = wait * kMicrosecond / 3;
}

void ServiceNotifier::Ready() { Send("READY=1"); }

void ServiceNotifier::Reloading() {
  // The manager's own clock, by which it knows this reload from an earlier one.
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  Send(absl::StrCat("RELOADING=1\nMONOTONIC_USEC=",
                    (now.tv_sec * kSecond + now.tv_nsec) / kMicrosecond));
}

void ServiceNotifier::Stopping() { Send("STOPPING=1"); }

void ServiceNotifier::Alive(TimeNs now) {
  if (patience_ == kNever || now < next_sign_) return;
  next_sign_ = AddNs(now, patience_);
  Send("WATCHDOG=1");
}

void ServiceNotifier::Send(absl::string_view text) {
  if (!socket_) return;
  sockaddr_un to = {};
  to.sun_family = AF_UNIX;
  memcpy(to.sun_path, address_.data(), address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  // A manager that does not read is no reason to stand still; the next sign is another chance.
  [[maybe_unused]] const ssize_t sent =
      sendto(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&to), size);
}

}  // namespace tallybell
