// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/bisection.h"

#include <algorithm>

namespace tallybell {
namespace {

struct Range {
  size_t begin;
  size_t size;
};

}  // namespace

std::vector<Verdict> SendBisecting(absl::Span<const Notice> notices, DurationNs deadline,
                                   const SendBatch& send) {
  Verdict unsettled;
  unsettled.answer = "no time left to find what it rejects";
  std::vector<Verdict> verdicts(notices.size(), unsettled);
  std::vector<Range> open = {{0, notices.size()}};
  DurationNs left = deadline;
  bool settled = false;
  // Whoever answers slowly would never be rid of what it rejects, if each attempt ended before it
  // had settled anything.
  while (!open.empty() && (left > 0 || !settled)) {
    const Range range = open.back();
    open.pop_back();
    const BatchAnswer answer =
        send(notices.subspan(range.begin, range.size), left > 0 ? left : deadline);
    left -= answer.elapsed;
    if (answer.verdict.kind == Verdict::Kind::kRetry) {
      // It does not answer any more: the rest need not be tried.
      open.push_back(range);
      for (const Range& rest : open) {
        std::fill_n(verdicts.begin() + rest.begin, rest.size, answer.verdict);
      }
      break;
    }
    if (answer.verdict.kind == Verdict::Kind::kRejected && range.size > 1) {
      const size_t half = range.size / 2;
      open.push_back({range.begin + half, range.size - half});
      open.push_back({range.begin, half});
      continue;
    }
    std::fill_n(verdicts.begin() + range.begin, range.size, answer.verdict);
    settled = true;
  }
  return verdicts;
}

}  // namespace tallybell
