// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_LOKI_PASSES_H_
#define TALLYBELL_ENGINE_SOURCE_LOKI_PASSES_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/base/time_ns.h"

namespace tallybell {

// Up to where a Loki has been read, several times over: once when what it stores is settled, and
// again when it is older, for what came late (docs/loki.md, "Late lines"). Pass k has read all up
// to a time at a moment when that was at least its age ago.
//
// Pure; a plain value. Used by one thread.
class LokiPasses {
 public:
  // `ages` ascend; nothing was read yet before `begin`.
  LokiPasses(std::vector<DurationNs> ages, TimeNs begin);

  // All of [from, to) was read; `asked_at` the wall clock before it was asked for.
  void NoteRead(TimeNs from, TimeNs to, TimeNs asked_at);

  // What is earlier is given up: it will not be read again.
  void GiveUp(TimeNs before);

  // The wall clock is `now`. What is later than that was read by a clock that has been set back,
  // and is read again as far as it is known what was counted.
  void NoteClock(TimeNs now);

  // The source is complete to this.
  TimeNs settled() const { return read_to_[0]; }
  // Nothing that is earlier will be read again.
  TimeNs horizon() const;

  struct Span {
    TimeNs from = kNoTime;
    TimeNs to = kNoTime;
  };
  // What a pass after the first should read at `now`: it is due when a quarter of its age waits.
  std::optional<Span> DueAgain(TimeNs now) const;

  const std::vector<DurationNs>& ages() const { return ages_; }
  const std::vector<TimeNs>& read_to() const { return read_to_; }
  // Takes up where the last run was: the pass of that age, or the least it can be sure of.
  void Restore(const std::vector<DurationNs>& ages, const std::vector<TimeNs>& read_to);

 private:
  std::vector<DurationNs> ages_;
  std::vector<TimeNs> read_to_;  // of each pass
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_LOKI_PASSES_H_
