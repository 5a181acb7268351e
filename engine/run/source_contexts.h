// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_CONTEXTS_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_CONTEXTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/run/source_line.h"
#include "engine/run/source_times.h"
#include "engine/scan/partial_lines.h"

namespace tallybell {

// What stands before a line in its stream, for lines that do not say it themselves
// (docs/semantics.md, "Line to record"). It is either looked back for, only where some line needs
// it, or noted line by line. Used by one thread at a time.
class SourceContexts {
 public:
  struct Context {
    std::string text;       // of the record before; empty if there was none
    TimeNs time = kNoTime;  // that was stated last
  };

  // All outlive it.
  SourceContexts(SourceStreams* streams, SourceTimes* times)
      : lines_(streams, &times->clock()), times_(times), all_(SourceStreams::kStreams) {}

  void Use(const SourceFormat* format, const WantedFields* wanted) { lines_.Use(format, wanted); }

  // From now on lines of `region` are read, which begins at `offset` of the source. Only those of
  // `streams` are looked for in it.
  void Enter(absl::string_view region, uint64_t offset, TimeNs arrival, RuntimeStreams streams);

  // Of stream 0 within an envelope, whose lines have lost theirs: what stands before in any stream.
  const Context& Of(int stream) const;

  // Brings the context of `stream` up to the line that begins at `begin` of the region.
  void LookBack(int stream, size_t begin);
  // Brings all contexts up to there, for what follows another mark or in another region.
  void Carry(size_t begin);

  // The next line, where each one is noted; `time` is what it states, or kNoTime.
  void Note(const SourceLine& line, TimeNs time);
  // All was noted up to there.
  void Noted(size_t end);

  // By stream, for a state that is saved.
  const std::vector<Context>& all() const { return all_; }
  void Restore(std::vector<Context> all) { all_ = std::move(all); }

 private:
  // What named containers said last is kept up to here, so that a hundred of them stay small.
  static constexpr size_t kMaxNamedText = 32 << 10;

  size_t& KnownTo(int stream);
  Context& At(int stream);

  SourceLineReader lines_;
  SourceTimes* const times_;
  absl::string_view region_;
  uint64_t region_offset_ = 0;
  RuntimeStreams streams_;
  TimeNs arrival_ = kNoTime;
  std::vector<Context> all_;
  std::vector<size_t> known_to_;  // no record of the stream lies in [known_to of the region, here)
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_CONTEXTS_H_
