// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_WINDOW_MATCH_ORDER_H_
#define TALLYBELL_ENGINE_WINDOW_MATCH_ORDER_H_

#include <algorithm>
#include <cstddef>

#include "engine/window/evidence_ring.h"
#include "engine/window/window_match.h"

namespace tallybell {

// Whether `a` stands before `b`. Without a `ring` nothing is known of places, and matches of one
// time stand as they came.
inline bool MatchBefore(const EvidenceRing* ring, const WindowMatch& a, const WindowMatch& b) {
  return ring == nullptr || a.time() != b.time() ? a.time() < b.time() : ring->Before(a, b);
}

// Where `match` belongs in [begin, end), which is in order: behind its equals.
template <typename Iterator>
Iterator PlaceOf(const WindowMatch& match, const EvidenceRing* ring, Iterator begin, Iterator end) {
  if (begin == end || !MatchBefore(ring, match, *(end - 1))) return end;
  return std::upper_bound(begin, end, match, [ring](const WindowMatch& a, const WindowMatch& b) {
    return MatchBefore(ring, a, b);
  });
}

// The first in [begin, end) that is later than `t`.
template <typename Iterator>
Iterator FirstAfterTime(TimeNs t, Iterator begin, Iterator end) {
  if (begin == end || (end - 1)->time() <= t) return end;
  return std::upper_bound(begin, end, t,
                          [](TimeNs at, const WindowMatch& match) { return at < match.time(); });
}

// The same where it is near the front: costs what stands before it, not the whole.
template <typename Iterator>
Iterator FirstAfterTimeFromFront(TimeNs t, Iterator begin, Iterator end) {
  for (ptrdiff_t step = 1; end - begin > step; step *= 2) {
    if ((begin + step)->time() > t) return FirstAfterTime(t, begin, begin + step + 1);
    begin += step;
  }
  return FirstAfterTime(t, begin, end);
}

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_WINDOW_MATCH_ORDER_H_
