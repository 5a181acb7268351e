// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_WINDOW_SLIDING_WINDOW_H_
#define TALLYBELL_ENGINE_WINDOW_SLIDING_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "engine/base/time_ns.h"

namespace tallybell {

// One record that counts. Where it stands in its file is its identity: two identical lines at
// different places are two matches.
struct WindowMatch {
  TimeNs time = kNoTime;
  uint64_t offset = 0;    // bytes
  uint64_t evidence = 0;  // handle of the line in an EvidenceRing
  uint32_t file = 0;      // number of the file that it stands in

  // Ties in time are broken by place, so that the order does not depend on when lines were read.
  friend bool operator<(const WindowMatch& a, const WindowMatch& b) {
    if (a.time != b.time) return a.time < b.time;
    if (a.file != b.file) return a.file < b.file;
    return a.offset < b.offset;
  }
};

// The matches of one rule and group, by time: those that may count, and those that are known but
// lie after the last instant that was decided. Not thread-safe.
//
//   SlidingWindow window(20 * kMinute);
//   window.Insert({t});
//   window.Count(t);                 // 1: matches e with t - 20m < e <= t
//   window.Count(t + 20 * kMinute);  // 0: exactly the width ago is out
class SlidingWindow {
 public:
  explicit SlidingWindow(DurationNs width) : width_(width) {}

  // Puts `match` in its place. Cheap at the end, where almost every match goes.
  void Insert(const WindowMatch& match);

  // The matches e with t - width < e <= t, oldest first. Valid until the next change.
  absl::Span<const WindowMatch> At(TimeNs t) const;

  // The matches that an instant just before `t` sees: t - width <= e < t.
  absl::Span<const WindowMatch> Before(TimeNs t) const;

  // Whether At(t) is all that ever matched then, not cut by Trim.
  bool ExactAt(TimeNs t) const { return trimmed_through_ <= SubtractNs(t, width_); }

  // All matches, oldest first; those after the last decided instant too.
  absl::Span<const WindowMatch> all() const {
    return absl::MakeConstSpan(matches_).subspan(begin_);
  }

  // Takes out all matches e <= t: what a clear at `t` does.
  void DropThrough(TimeNs t);

  // Takes out what no instant after `t` can count, and of what is left at or before `t` all but
  // the newest `keep`.
  void Trim(TimeNs t, size_t keep);

  DurationNs width() const { return width_; }
  // For a window that is restored: see Trim.
  TimeNs trimmed_through() const { return trimmed_through_; }
  void set_trimmed_through(TimeNs t) { trimmed_through_ = t; }

 private:
  size_t FirstAfter(TimeNs t) const;  // index into matches_
  void DropFront(size_t end);

  DurationNs width_;
  std::vector<WindowMatch> matches_;  // sorted; those before begin_ are gone
  size_t begin_ = 0;
  TimeNs trimmed_through_ = kNoTime;  // the newest match that Trim took out though it counted
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_WINDOW_SLIDING_WINDOW_H_
