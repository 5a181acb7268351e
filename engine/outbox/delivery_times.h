// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_OUTBOX_DELIVERY_TIMES_H_
#define TALLYBELL_ENGINE_OUTBOX_DELIVERY_TIMES_H_

#include <string>
#include <vector>

#include "engine/base/metrics.h"
#include "engine/base/time_ns.h"
#include "engine/outbox/delivery_queue.h"
#include "sinks/sink.h"

namespace tallybell {

// How long it takes to tell one receiver: delivery_duration_seconds{receiver,outcome}, an attempt
// each, and line_to_told_seconds{receiver}, from an alert's startsAt, which is the time of the line
// that made it ring, to the receiver's first acceptance. Used by the receiver's thread.
class DeliveryTimes {
 public:
  DeliveryTimes(const std::string& receiver, Metrics* metrics);

  // One attempt that took `took` and ended at `now`, wall clock.
  void Note(const std::vector<Offer>& offers, const std::vector<Verdict>& verdicts, DurationNs took,
            TimeNs now);

 private:
  Histogram& accepted_;
  Histogram& failed_;
  Histogram& line_to_told_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_OUTBOX_DELIVERY_TIMES_H_
