// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_SINKS_STDOUT_H_
#define TALLYBELL_SINKS_STDOUT_H_

#include <atomic>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "engine/base/time_ns.h"
#include "sinks/sink.h"

namespace tallybell {

// One JSON object a line for each state, in the shape of `replay --output jsonl`.
//
// Whoever reads the other end may be slow: an attempt gives up after its timeout, and the next one
// first finishes the line that was begun.
class StdoutSink : public Sink {
 public:
  // Writes to `fd`, which stays the caller's.
  explicit StdoutSink(int fd = 1, DurationNs timeout = 5 * kSecond);

  const std::string& name() const override { return name_; }
  const SinkPolicy& policy() const override { return policy_; }
  std::vector<Verdict> Send(absl::Span<const Notice> notices, TimeNs now) override;
  void Cancel() override { cancelled_ = true; }

 private:
  // True when all of unwritten_ is out; else `*why` says why not.
  bool Flush(std::string* why);

  const int fd_;
  const DurationNs timeout_;
  const std::string name_ = "stdout";
  SinkPolicy policy_;
  std::string unwritten_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace tallybell

#endif  // TALLYBELL_SINKS_STDOUT_H_
