// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_PARSE_SOURCE_CLOCK_H_
#define TALLYBELL_ENGINE_PARSE_SOURCE_CLOCK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "engine/base/time_ns.h"
#include "engine/parse/stamp.h"
#include "engine/parse/zone_clock.h"

namespace tallybell {

// Makes instants of the stamps of one source: finds the year and the zone that a stamp leaves out
// (docs/semantics.md, "Time of a record").
//
// It is led along the source's marks. A segment is the stretch from one mark to the next; the year
// and daylight saving are decided at its ends, so that a stamp within it can be resolved without
// those before it, unless NeedsEveryStamp() says otherwise. Stamps of lines in an envelope go
// through InEnvelope() first, which leaves nothing open. Used by one thread at a time.
class SourceClock {
 public:
  struct Options {
    // The writer's zone. None: UTC, or what InEnvelope finds out.
    std::optional<absl::TimeZone> zone;
    // The year of the first mark, as the user states it; 0: to be found out.
    int first_year = 0;
    // No record of the source is later: the file's last change, or its arrival. kNoTime: unknown.
    TimeNs ends = kNoTime;
    // How far a stamp may be in the future: of its arrival, or of the marks around it.
    DurationNs max_future = kDay;
    // How far a record may come behind its time.
    DurationNs lateness = 45 * kSecond;
  };

  explicit SourceClock(const Options& options);

  // The stamp of a line, completed by what the envelope around that line says: `time` (kNoTime:
  // nothing) and the zone it is written in. The two zones need not be the same, but the instants
  // nearly are: a stamp without a zone is taken in the zone that makes it so. Where none does, in
  // the configured one, else in that of the envelope.
  Stamp InEnvelope(const Stamp& stamp, TimeNs time, int utc_offset_seconds) const;

  // A file of the source begins, created at that time according to its header or name. The year of
  // the next mark is found from it, unless the user stated one.
  void FileBegins(const Stamp& created);

  // The next mark, in file order; opens the segment that it begins. `following` is the mark after
  // it, or none if there is none or it is not known yet. `arrival` is when the line was read, or
  // kNoTime in a replay. Returns the mark's instant.
  TimeNs NextMark(const Stamp& mark, const std::optional<Stamp>& following, TimeNs arrival);

  // Whether every stamp of the open segment must go through Resolve(), in file order: always where
  // its other end is not known; else where time steps back or the clock is set on the way.
  bool NeedsEveryStamp() const { return needs_every_; }

  // The instant of a stamp within the open segment. Before the first mark, the stamp becomes that.
  TimeNs Resolve(const Stamp& stamp, TimeNs arrival);

  // How many stamps were too far in the future and were taken as the bound.
  int64_t clamped() const { return clamped_; }

  // What must be remembered over a restart, as short text without newlines; Decode() takes it up.
  // InvalidArgument if `text` is anything else, which changes nothing.
  std::string Encode() const;
  absl::Status Decode(absl::string_view text);

 private:
  static int YearOf(const Stamp& stamp, TimeNs near, int guess);
  TimeNs Place(const Stamp& stamp, int year) const;
  TimeNs InOrder(const Stamp& stamp);
  TimeNs InSegment(const Stamp& stamp);
  void LearnDay(const Stamp& stamp, int year);
  TimeNs AtBeginning(const Stamp& stamp, TimeNs arrival) const;
  TimeNs OfFollowing(const Stamp& following, TimeNs mark) const;
  TimeNs Bounded(TimeNs time, TimeNs arrival, TimeNs other_bound);
  void BoundSegment();
  void OpenSegment(TimeNs mark);

  const Options options_;
  const ZoneClock zone_;
  int64_t clamped_ = 0;

  // What is remembered.
  TimeNs mark_ = kNoTime;       // that of the open segment; kNoTime before the first
  TimeNs following_ = kNoTime;  // the next one, as far as it is known
  TimeNs last_ = kNoTime;       // of the mark or of the stamp before this one, if each one counts
  TimeNs latest_ = kNoTime;     // the greatest of them
  TimeNs file_begins_ = kNoTime;
  bool needs_every_ = true;

  // What follows from those and saves work. Nothing is quiet before the first mark.
  TimeNs bound_ = kNoTime;  // of the open segment, by the marks around it; kNoTime: none
  ZoneClock::Quiet quiet_{0, 0, 0};
  int mark_year_ = 1970;
  int last_year_ = 1970;  // the latest guess
  // A day of the open segment any time of which is the segment's year, and quiet.
  struct Day {
    int8_t month = 0;  // 0: none is known
    int8_t day = 0;
    int64_t begins = 0;  // seconds since the epoch
  };
  Day day_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_SOURCE_CLOCK_H_
