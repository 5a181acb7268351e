// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_MARKS_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_MARKS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/parse/stamp.h"
#include "engine/run/source_line.h"
#include "engine/run/source_times.h"
#include "engine/source/block_reader.h"

namespace tallybell {

// Finds the marks of a source (docs/semantics.md, "Time of a record"): which lines they are follows
// from its bytes alone. Used by one thread at a time.
class SourceMarks {
 public:
  struct Mark {
    size_t begin;  // of its line in the block
    Stamp stamp;
  };

  // One is looked for at each multiple of `every` bytes, the first at `offset`. `streams` and
  // `times` outlive it.
  SourceMarks(size_t every, uint64_t offset, SourceStreams* streams, SourceTimes* times)
      : every_(every), next_(offset), lines_(streams, &times->clock()), times_(times) {}

  void Use(const SourceFormat* format, const WantedFields* wanted) { lines_.Use(format, wanted); }

  // Bytes within which the mark after a mark is looked for.
  static size_t LookAhead(size_t every) { return 4 * every; }

  // The marks of a block, and with `last` the last line of the source that states a time.
  std::vector<Mark> Find(const Block& block, bool last);

  // How much of the block can be processed: what lies before its last mark, because a mark needs
  // the one after it, unless that is too far away. What is left comes again.
  size_t Ready(const Block& block, const std::vector<Mark>& marks) const;

  // For those who come upon marks by themselves: whether a record that begins there would be one,
  // and that it was.
  bool Due(uint64_t offset) const { return offset >= next_; }
  void Passed(uint64_t offset) { next_ = (offset / every_ + 1) * every_; }

  // Where the next one is looked for.
  uint64_t next() const { return next_; }
  void GoTo(uint64_t offset) { next_ = offset; }

 private:
  std::optional<Stamp> Stated(const Block& block, size_t begin, bool first_mark);

  const size_t every_;
  uint64_t next_;
  SourceLineReader lines_;
  SourceTimes* const times_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_MARKS_H_
