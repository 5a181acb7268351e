// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What reading a source brings.
#ifndef TALLYBELL_ENGINE_RUN_SOURCE_ITEM_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_ITEM_H_

#include <array>
#include <cstdint>
#include <utility>

#include "engine/base/time_ns.h"
#include "engine/match/matched_record.h"

namespace tallybell {

// One thing that a source says, in the order in which it stands there: a mark (all up to this time
// has been told), or a record that some rule counts or clears.
struct SourceItem {
  TimeNs time = kNoTime;
  bool mark = false;
  MatchedRecord record;

  // Not defaulted: what is made in a vector would be filled with zeros first, all of it.
  SourceItem() {}  // NOLINT(modernize-use-equals-default)
  SourceItem(TimeNs at, uint64_t offset, RuleMatches&& matches) : time(at) {
    record.time = at;
    record.offset = offset;
    record.matches = std::move(matches);
  }
  static SourceItem Mark(TimeNs time) {
    SourceItem item;
    item.time = time;
    item.mark = true;
    return item;
  }
};

// What was read of a source so far.
struct SourceCounts {
  static constexpr size_t kFormats = 16;  // rows that are told apart

  int64_t lines = 0;
  int64_t bytes = 0;
  int64_t without_time = 0;
  int64_t malformed_envelopes = 0;
  int64_t lines_cut = 0;
  int64_t records_cut = 0;  // joined records that reached a limit; what followed is another one
  int64_t clamped_times = 0;
  // Of the lines that had to be parsed, because they may count or because every line is looked at:
  // records whose text is broken, and records by the row of AllLineFormats() that read them.
  int64_t malformed_lines = 0;
  std::array<int64_t, kFormats> records_by_format = {};
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_ITEM_H_
