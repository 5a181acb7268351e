// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_OUTBOX_EPISODE_H_
#define TALLYBELL_ENGINE_OUTBOX_EPISODE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/clock.h"
#include "engine/base/time_ns.h"
#include "engine/model/alert.h"

namespace tallybell {

// One reading of both clocks: the wall's for what is stored and shown, the other for waiting.
struct Moment {
  TimeNs wall = kNoTime;
  TimeNs mono = 0;

  static Moment Of(const Clock& clock) { return {clock.Now(), clock.Monotonic()}; }
};

// One alert from its firing to its end, as one receiver has or has not been told of it.
//
// In the state file it is two rows, because it has two writers whose transactions may pass each
// other: row 2 * id holds what evaluation said, row 2 * id + 1 what the receiver answered.
struct Episode {
  int64_t id = 0;

  // What evaluation said. Never null; shared with the other receivers' episodes and never changed.
  // starts_at is the earliest that was said.
  std::shared_ptr<const Alert> alert;
  int64_t first_value = 0;
  bool first_exact = true;
  // The numbers of the commits that make the firing and the end durable; 0: they are.
  int64_t firing_commit = 0;
  int64_t end_commit = 0;

  // What the receiver answered. Wall clock.
  TimeNs accepted_at = kNoTime;  // the firing
  bool done = false;             // the end too, or it need not be told
  std::string parked;            // why it will never be told; empty: it may
  bool dropped = false;          // parked by hand, and of no interest any more
  int tries = 0;                 // that failed since one was accepted

  // Of the state that it has not accepted. Wall clock.
  TimeNs offered_at = kNoTime;  // the first attempt
  int attempts = 0;
  std::string error;         // what the last attempt failed with
  TimeNs next_at = kNoTime;  // the next attempt, as planned after the last

  // Only in memory; of the monotonic clock.
  bool firing_deferred = false;  // was answered well, but not kept
  bool end_deferred = false;
  TimeNs hold_until = 0;      // the end is not told earlier
  TimeNs not_before = 0;      // nothing is
  TimeNs sent_at = 0;         // last accepted
  TimeNs done_until = 0;      // the end is repeated until then
  TimeNs failed_since = 0;    // the first of `tries`
  int64_t accepted_then = 0;  // how many notices the receiver had accepted by that time
  int blamed = 0;             // those of `tries` that failed although others got through meanwhile

  bool ended() const { return alert->ends_at != kNoTime; }
  bool accepted() const { return accepted_at != kNoTime; }
  int64_t said_row() const { return 2 * id; }
  int64_t answered_row() const { return 2 * id + 1; }
};

// The text of the two rows, and back. Reading gives DataLoss for text that is not such a row.
std::string SaidText(const Episode& episode);
std::string AnsweredText(const Episode& episode);
absl::StatusOr<Episode> EpisodeFromSaid(absl::string_view text);
absl::Status ReadAnswered(absl::string_view text, Episode* episode);

// How grave the alert's label `severity` says it is, for choosing what to keep: 5 (critical, page)
// to 0 (debug); 2 where it says nothing known.
int Gravity(const Alert& alert);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_OUTBOX_EPISODE_H_
