// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_SINKS_BISECTION_H_
#define TALLYBELL_SINKS_BISECTION_H_

#include <functional>
#include <vector>

#include "absl/types/span.h"
#include "engine/base/time_ns.h"
#include "sinks/sink.h"

namespace tallybell {

// What one request with several notices came to.
struct BatchAnswer {
  Verdict verdict;
  DurationNs elapsed = 0;
};
using SendBatch = std::function<BatchAnswer(absl::Span<const Notice>, DurationNs deadline)>;

// Sends `notices` as one batch; halves a batch that is rejected until only those that are at fault
// stand alone. One bad notice among n costs 2 log2(n) more requests. All requests share
// `deadline`, except those, log2(n) at most, that it takes to settle a first one; what is not
// settled by then, or when the receiver stops answering, is to be retried.
//
// Good notices of a rejected batch may come twice: some receivers store them and still refuse.
std::vector<Verdict> SendBisecting(absl::Span<const Notice> notices, DurationNs deadline,
                                   const SendBatch& send);

}  // namespace tallybell

#endif  // TALLYBELL_SINKS_BISECTION_H_
