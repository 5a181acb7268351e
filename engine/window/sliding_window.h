// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_WINDOW_SLIDING_WINDOW_H_
#define TALLYBELL_ENGINE_WINDOW_SLIDING_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "engine/base/time_ns.h"
#include "engine/window/evidence_ring.h"
#include "engine/window/far_matches.h"
#include "engine/window/match_array.h"
#include "engine/window/times_ring.h"
#include "engine/window/window_match.h"

namespace tallybell {

// The matches of one rule and group, by time: the decided ones that may count, then those that are
// known but lie after the last instant that was decided. There may be a million of these, so the
// width is the caller's, and what few need stands apart. Not thread-safe.
//
// Decided matches are those that truth needs, the newest, and before them those that were put
// aside for the count's sake: their number is bounded over all windows by a TimesRing.
class SlidingWindow {
 public:
  // Matches by number, oldest first: [begin, end).
  struct Range {
    size_t begin = 0;
    size_t end = 0;
    size_t size() const { return end - begin; }
  };

  SlidingWindow() = default;
  // A copy has no places in the TimesRing: it is for looking ahead, not to be kept.
  SlidingWindow(const SlidingWindow& other);
  SlidingWindow& operator=(const SlidingWindow&) = delete;
  ~SlidingWindow();

  // Puts `match` in its place; all matches up to `decided` are decided. Moves few others, unless
  // it is a decided one. `ring` orders matches of one time; null: as they come.
  void Insert(const WindowMatch& match, TimeNs decided, const EvidenceRing* ring);

  // What is not later than `t` is decided from now on.
  void DecideThrough(TimeNs t);

  size_t size() const { return near_.size() + (extra_ == nullptr ? 0 : extra_->far.size()); }
  size_t decided() const { return decided_; }
  WindowMatch At(size_t index) const;
  // All of them, the oldest first; At costs more where many are not decided.
  void ForEach(absl::FunctionRef<void(const WindowMatch&)> visit) const;
  // The number of the first match that is later than `t`; size() if there is none.
  size_t FirstAfter(TimeNs t) const;
  // The matches e with t - width < e <= t.
  Range In(DurationNs width, TimeNs t) const {
    return {FirstAfter(SubtractNs(t, width)), FirstAfter(t)};
  }
  // Whether In(width, t) is all that ever matched then, none of it given away.
  bool ExactAt(DurationNs width, TimeNs t) const {
    return trimmed_through() <= SubtractNs(t, width);
  }

  // Matches that were decided together.
  struct Run {
    size_t decided = 0;        // how many; with 0 the rest says nothing
    TimeNs last = kNoTime;     // the time of the newest
    size_t count = 0;          // in the last `width` then
    size_t peak = 0;           // the highest such count at any of them
    TimeNs peak_at = kNoTime;  // and the first time of it
  };
  // Decides the next matches that are earlier than `t`, as long as at every instant from the last
  // decided one on the last `width` holds at least `enough` matches if `dense`, and fewer if not.
  Run DecideRun(bool dense, size_t enough, DurationNs width, TimeNs t);

  // The first undecided match at which the last `width` holds `count` matches, itself the newest;
  // size() if there is none. Costs the undecided ones.
  size_t FirstDense(size_t count, DurationNs width) const;

  // Takes out all matches e <= t: what a clear at `t` does.
  void DropThrough(TimeNs t);

  // Takes out the decided matches e <= t, which count nowhere any more, and of the others all but
  // the newest `keep`. What is decided beyond the newest `truth` is put aside; `ring` may be null.
  void Trim(TimeNs t, size_t truth, size_t keep, TimesRing* ring);

  // Gives the oldest of what was put aside away until there are `count`. Returns how many went.
  size_t KeepAside(size_t count);

  // The newest match that was given away though it counted; kNoTime if there is none.
  TimeNs trimmed_through() const { return extra_ == nullptr ? kNoTime : extra_->trimmed_through; }
  void set_trimmed_through(TimeNs t);
  // For tests of cost: see FarMatches.
  size_t moved() const { return extra_ == nullptr ? 0 : extra_->far.moved(); }

 private:
  struct Extra {
    FarMatches far;  // undecided ones, later than all of near_
    TimeNs trimmed_through = kNoTime;
    size_t aside = 0;  // of the decided ones, the oldest
    TimesRing* ring = nullptr;
    TimesRing::Owner* owner = nullptr;
  };

  Extra& extra();
  void DropFront(size_t count);
  void GiveAway(size_t count);
  void Refill();
  void DropExtra();

  // The decided ones, then the first undecided ones. Its padding is used.
  [[no_unique_address]] MatchArray near_;
  uint32_t decided_ = 0;
  std::unique_ptr<Extra> extra_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_WINDOW_SLIDING_WINDOW_H_
