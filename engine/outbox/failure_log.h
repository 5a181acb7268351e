// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_OUTBOX_FAILURE_LOG_H_
#define TALLYBELL_ENGINE_OUTBOX_FAILURE_LOG_H_

#include <string>
#include <utility>
#include <vector>

#include "engine/base/time_ns.h"
#include "sinks/sink.h"

namespace tallybell {

// Says in our own log that a receiver does not take what it is told: once for each change of what
// it answers, not once an attempt, and never more than once in kAtMost. Of one thread.
class FailureLog {
 public:
  static constexpr DurationNs kAtMost = 10 * kSecond;
  // A key that is refused is repeated in the log this often as long as it lasts.
  static constexpr DurationNs kUnauthorized = kMinute;

  explicit FailureLog(std::string receiver) : receiver_(std::move(receiver)) {}

  // After each attempt; `now` is of the monotonic clock. True if a line was written.
  bool Note(const std::vector<Verdict>& verdicts, TimeNs now);

 private:
  const std::string receiver_;
  std::string answer_;  // what it last failed with; empty while all is well
  TimeNs logged_at_ = kNoTime;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_OUTBOX_FAILURE_LOG_H_
