// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_SINKS_SINK_H_
#define TALLYBELL_SINKS_SINK_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "engine/base/time_ns.h"
#include "engine/model/alert.h"

namespace tallybell {

// One state of an alert that a receiver is to be told: it fires, or it has ended.
struct Notice {
  const Alert* alert = nullptr;  // ends_at says which; its value and lines are the newest known
  // The value as the alert was first told, which a repeat says again where a change is noise.
  int64_t first_value = 0;
  bool first_exact = true;
};

// What a receiver made of one notice.
struct Verdict {
  enum class Kind {
    kAccepted,  // it has it
    kDeferred,  // it answered well but keeps nothing (Alerta's 202): offer it again later
    kRetry,     // an outage: the same again after back-off
    kSuspect,   // an outage or this notice's own fault, one cannot tell: a few tries
    kRejected,  // it will never take this one: to the dead letters
  };
  Kind kind = Kind::kRetry;
  std::string answer;          // for people: "200", "403 [POLICY] ..."; holds no secret
  DurationNs retry_after = 0;  // of kRetry, where the receiver named one; else 0
  bool unauthorized = false;   // kRetry because of a key: back off long, say so loudly
};

// How a kind of receiver wants to be spoken to.
struct SinkPolicy {
  size_t max_batch = 1;            // notices in one Send
  DurationNs resend_firing = 0;    // repeat a firing this often; 0: tell it once
  DurationNs resend_resolved = 0;  // go on repeating a resolve for this long; 0: tell it once
  DurationNs min_firing = 0;       // hold a resolve this long after the firing was accepted
  bool wants_resolved = true;
};

// One receiver: turns alerts into what goes over the wire and an answer into verdicts. Rendering
// happens at each attempt, because leases (endsAt) and batches are the attempt's.
//
// Send is called from one thread, the receiver's own, and may block up to its deadline.
class Sink {
 public:
  virtual ~Sink() = default;

  // Stable over restarts and unique: "alertmanager http://127.0.0.1:9093". Holds no secret.
  virtual const std::string& name() const = 0;
  virtual const SinkPolicy& policy() const = 0;

  // One attempt at telling `notices` (1 to max_batch); a verdict for each, in order. `now` is the
  // wall clock of the attempt.
  virtual std::vector<Verdict> Send(absl::Span<const Notice> notices, TimeNs now) = 0;

  // Makes the Send under way, and every later one, come back soon. Any thread.
  virtual void Cancel() {}
};

}  // namespace tallybell

#endif  // TALLYBELL_SINKS_SINK_H_
