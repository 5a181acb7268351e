// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SCAN_LINE_CANDIDATES_H_
#define TALLYBELL_ENGINE_SCAN_LINE_CANDIDATES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/scan/envelope_literals.h"
#include "engine/scan/literal_scanner.h"
#include "engine/scan/partial_lines.h"
#include "engine/scan/scan_literal.h"

namespace tallybell {

// The lines of one block that some pattern may match, in order. Positions are bytes from the
// block's start.
class CandidateLines {
 public:
  struct Line {
    uint32_t begin;
    uint32_t end;        // without the newline
    bool every_pattern;  // any pattern may match, also one that is not listed
    uint32_t first_pattern;
    uint32_t pattern_count;
  };

  const std::vector<Line>& lines() const { return lines_; }

  // Those of all lines of the block, also where they are no candidates.
  RuntimeStreams streams() const { return streams_; }

  // The patterns of which the line holds a literal, ascending. Valid until the next change.
  absl::Span<const uint32_t> patterns(const Line& line) const {
    return absl::MakeConstSpan(patterns_).subspan(line.first_pattern, line.pattern_count);
  }

  void Clear() {
    lines_.clear();
    patterns_.clear();
    streams_ = {};
  }

  // Appends a line that any pattern may match, for those who look at each line themselves.
  void AddForEveryPattern(size_t begin, size_t end) {
    lines_.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end), true,
                      static_cast<uint32_t>(patterns_.size()), 0});
  }

 private:
  friend class CandidateBuilder;
  friend class LineCandidates;

  std::vector<Line> lines_;
  std::vector<uint32_t> patterns_;
  RuntimeStreams streams_;
};

// Says which lines of a block may match which patterns, at the speed of a literal scan. What it
// leaves out, no pattern matches: a line is a candidate if it holds a literal of a pattern, also
// as its envelope writes it, or what cleaning and unwrapping change: an escape character, a JSON
// escape that may stand for a letter, a piece of a longer line. Records that are joined from
// several lines are the caller's: a literal lies in one of its lines, and it must join the rest.
// Immutable: threads share it, each with a Scratch of its own.
//
//   LineCandidates::Create({RequiredLiterals("can't start vm", false)}, ScanEnvelope::kNone);
class LineCandidates {
 public:
  // Of one LineCandidates and, at a time, one thread. Keeps its memory from block to block.
  class Scratch;

  // Appends to `*out` what patterns see of a line that is whole, or more, but no control that was
  // not there. `*scratch` is its own.
  using AppendSeen = void (*)(ScanEnvelope envelope, absl::string_view line, std::string* scratch,
                              std::string* out);

  // For each pattern the literals of which a match holds one, from RequiredLiterals. Patterns are
  // numbered as in the list. One without literals makes every line a candidate. With `seen`, what
  // a line that holds escapes may match is looked for in what patterns see of it, so that a log
  // with a colour in every line costs little more than one without; else it may match any.
  // ResourceExhausted if the literals are too many for a LiteralScanner.
  static absl::StatusOr<std::unique_ptr<LineCandidates>> Create(
      const std::vector<std::vector<ScanLiteral>>& patterns, ScanEnvelope envelope,
      AppendSeen seen = nullptr, LiteralScanner::Engine engine = LiteralScanner::Engine::kBest);

  ~LineCandidates();

  struct ScratchDeleter {
    void operator()(Scratch* scratch) const;
  };
  using ScratchPtr = std::unique_ptr<Scratch, ScratchDeleter>;
  ScratchPtr NewScratch() const;

  // Puts the candidates of `block` in place of what `*lines` held. `block` is whole lines, of
  // which the last may lack its newline, and at most LiteralScanner::kMaxBlockBytes. Takes time
  // linear in it, and memory for at most its lines.
  void Find(absl::string_view block, Scratch* scratch, CandidateLines* lines) const;

  // For who looks at all bytes himself: is given those of a block once and in order, a few KiB at a
  // time, while they are near for those who look for literals. Says whether any of those may be
  // ESC.
  using Look = absl::FunctionRef<bool(absl::string_view bytes)>;

  // The same.
  void Find(absl::string_view block, Look look, Scratch* scratch, CandidateLines* lines) const;

  // The patterns without a literal, ascending: they may match any line and are never listed for
  // one.
  const std::vector<uint32_t>& unfiltered() const { return unfiltered_; }

  // That of the scanner.
  absl::string_view engine_name() const { return scanner_->engine_name(); }

 private:
  LineCandidates() = default;

  // Appends the hits that end in the step of `block` that begins at `begin`.
  void ScanStep(absl::string_view block, size_t begin, Scratch* scratch) const;

  // Looks at the lines that hold escapes, which any pattern may match so far.
  void LookThroughEscapes(absl::string_view block, Scratch* scratch, CandidateLines* lines) const;
  void FindInTexts(Scratch* scratch, CandidateLines* lines) const;

  ScanEnvelope envelope_ = ScanEnvelope::kNone;
  AppendSeen seen_ = nullptr;
  size_t pattern_count_ = 0;
  std::vector<uint32_t> unfiltered_;
  std::unique_ptr<LiteralScanner> scanner_;
  size_t longest_literal_ = 1;  // bytes
  // The patterns of the scanner's i-th literal: [target_begin_[i], target_begin_[i + 1]) of
  // targets_.
  std::vector<uint32_t> target_begin_;
  std::vector<uint32_t> targets_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_LINE_CANDIDATES_H_
