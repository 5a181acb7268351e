// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_SERVICE_NOTIFIER_H_
#define TALLYBELL_ENGINE_CLI_SERVICE_NOTIFIER_H_

#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/base/unique_fd.h"

namespace tallybell {

// Tells systemd, where it started this process, that it is ready, reloads, stops, and still turns:
// the datagrams of sd_notify(3), Type=notify and WatchdogSec= of a unit. What cannot be sent is
// not sent; nothing here waits or fails.
//
// Not thread-safe.
class ServiceNotifier {
 public:
  // Takes what the manager left in the environment out of it: children are not to speak for us.
  // Before other threads start.
  ServiceNotifier();

  void Ready();
  void Reloading();
  void Stopping();
  // To be called at least every patience(); says so to the manager when that is due. `now` is of
  // the monotonic clock.
  void Alive(TimeNs now);

  // A third of what the manager waits for a sign of life; kNever where it waits for none.
  DurationNs patience() const { return patience_; }

 private:
  void Send(absl::string_view text);

  UniqueFd socket_;
  std::string address_;  // of the manager; a NUL in front where it is abstract
  DurationNs patience_ = kNever;
  TimeNs next_sign_ = kNoTime;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_SERVICE_NOTIFIER_H_
