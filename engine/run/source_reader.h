// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_READER_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "engine/base/time_ns.h"
#include "engine/frame/multiline_joiner.h"
#include "engine/frame/partial_joiner.h"
#include "engine/match/candidate_rules.h"
#include "engine/match/rule_matcher.h"
#include "engine/model/labels.h"
#include "engine/parse/stamp.h"
#include "engine/run/candidate_cursor.h"
#include "engine/run/early_line.h"
#include "engine/run/source_blocks.h"
#include "engine/run/source_contexts.h"
#include "engine/run/source_format.h"
#include "engine/run/source_item.h"
#include "engine/run/source_line.h"
#include "engine/run/source_marks.h"
#include "engine/run/source_matches.h"
#include "engine/run/source_sequence.h"
#include "engine/run/source_streams.h"
#include "engine/run/source_times.h"
#include "engine/source/byte_reader.h"

namespace tallybell {

// Takes one source from bytes to matched records: blocks are scanned for what rules look for; only
// lines that may count are framed, parsed and matched. Marks give the years and the zone
// (docs/semantics.md, "Time of a record"); what follows the last mark of a block is held until the
// next is known, so that the result does not depend on how the bytes arrive. Where several lines
// make one record, each is looked at: SourceSequence.
//
// Not thread-safe; used by one thread at a time.
class SourceReader {
 public:
  // A mark is looked for at each multiple of this many decompressed bytes.
  static constexpr size_t kMarkEvery = 64 << 10;
  // From so many bytes it is found out what the lines look like, or from the whole if it is less.
  static constexpr size_t kFormatBytes = 256 << 10;

  struct Options {
    std::string name;
    Labels labels;  // of its streams
    std::string format = "auto";
    std::optional<absl::TimeZone> zone;
    int first_year = 0;
    TimeNs ends = kNoTime;  // replay: the file's last change
    DurationNs max_future = kDay;
    DurationNs lateness = 45 * kSecond;
    bool live = false;
    size_t block = 1 << 20;  // read at a time, in bytes
    uint64_t offset = 0;     // where `bytes` begins in the source
    // When the source was begun, as its name says; a header within it knows better.
    std::optional<Stamp> begins;
    // Which lines make one record. Off unless it has a pattern; shares the patterns.
    MultilineJoiner::Options multiline;
    size_t mark_every = kMarkEvery;  // bytes; for tests, to have many marks in a short log
    SourceBlocks::Ahead ahead;
  };

  // All pointers outlive it.
  SourceReader(Options options, ByteReader* bytes, CandidateRulesCache* candidates,
               const RuleMatcher* matcher);

  // Reads one block, or in a replay on in the same one if it says much, and appends what that says.
  // True: there is no more, for now if it is live.
  // `arrival` is the wall clock before the call, or kNoTime in a replay. An error says why the
  // source cannot be read on; what was read before it has been given. Where SourceBlocks looks
  // ahead, what items show may be lent until the next call.
  absl::StatusOr<bool> Read(TimeNs arrival, std::vector<SourceItem>* items);

  // Other rules from now on; between two calls of Read.
  void UseRules(CandidateRulesCache* candidates, const RuleMatcher* matcher);

  // A live source has ended: the next Read gives the rest, an unfinished line too.
  void Finish() {
    blocks_.Finish();
    finished_ = true;
  }

  // Live, when Read was at the end and nothing has come for a while: looks at the line that has no
  // newline yet (docs/semantics.md, "The last line"). Does nothing where lines are joined, where a
  // runtime writes them, and where what there is cannot be a whole line.
  void TellUnfinished(TimeNs arrival, std::vector<SourceItem>* items);
  // The content of `other` goes on here: so does what was told of its last line.
  void GoOnFrom(const SourceReader& other) {
    if (other.early_.told()) early_ = other.early_;
  }

  // Where a new reader must begin, and what it must know (for Restore), so that the same records
  // come as if there had been one reader.
  uint64_t resume_offset() const;
  std::string SaveState() const;
  // Before the first Read. InvalidArgument if `state` is not SaveState's.
  absl::Status RestoreState(absl::string_view state);

  const SourceStreams& streams() const { return streams_; }
  // Null until the first bytes have come.
  const SourceFormat* format() const { return format_.has_value() ? &*format_ : nullptr; }
  SourceCounts counts() const;
  // Live: when Read must be called again though nothing came, because an unfinished record has
  // waited long enough then; on the clock of `arrival`. kNever if there is none.
  TimeNs held_until() const { return sequence_ == nullptr ? kNever : sequence_->held_until(); }
  // The first and the last time that it states; kNoTime before that.
  TimeNs first_time() const { return times_.first(); }
  TimeNs last_time() const { return contexts_.Of(0).time; }

 private:
  // What a replay is given stays in the cache until it is taken.
  static constexpr size_t kItemsAtOnce = 256;

  void DecideFormat(const Block& block);
  void SetFormat(SourceFormat format);
  bool InSequence() const;
  void StartSequence();
  bool Waits(const Block& block);
  void ReadAhead();

  void ReadInSequence(const Block& block, std::vector<SourceItem>* items);
  void ReadBlock(std::vector<SourceItem>* items);
  void EnterRegion();
  void FindInRegion();
  bool ProcessOn(std::vector<SourceItem>* items);
  void PassMark(const SourceMarks::Mark& mark, std::vector<SourceItem>* items);
  void LeaveRegion();
  void ProcessSegment(size_t begin, size_t end, std::vector<SourceItem>* items);
  void ProcessLine(size_t begin, size_t end, bool may_count, bool in_order,
                   std::vector<SourceItem>* items);
  bool TakeKnown(std::vector<SourceItem>* items);
  TimeNs TimeOf(const SourceLine& line, size_t begin, bool in_order);
  bool MayStandAlone(absl::string_view unfinished);
  void EndPieces(std::vector<SourceItem>* items);
  void EndSource(std::vector<SourceItem>* items);
  void ReleaseHopeless(std::vector<SourceItem>* items);
  void ReleaseTimeless(std::vector<SourceItem>* items);

  const Options options_;
  CandidateRulesCache* candidate_cache_;
  const RuleMatcher* matcher_;
  SourceBlocks blocks_;
  SourceCounts counts_;
  SourceStreams streams_;
  SourceTimes times_;
  SourceContexts contexts_;
  SourceMarks marks_;
  SourceMatches matches_;
  SourceLineReader lines_;
  PartialJoiner joiner_;
  std::unique_ptr<SourceSequence> sequence_;  // where every line is looked at
  std::optional<SourceFormat> format_;
  bool format_settled_ = false;
  bool finished_;
  bool ahead_ = false;  // others were asked to look ahead

  // The block, the part of it that is being processed, and when it was read.
  TimeNs arrival_ = kNoTime;
  Block block_;
  bool in_region_ = false;  // there is something left to process
  absl::string_view region_;
  uint64_t region_offset_ = 0;
  std::vector<SourceMarks::Mark> region_marks_;
  size_t next_mark_ = 0;
  size_t processed_ = 0;  // bytes of the region
  std::shared_ptr<const CandidateRules> candidates_;
  LineCandidates::ScratchPtr candidate_scratch_;
  FoundLines found_lines_;
  CandidateCursor found_;
  std::vector<uint32_t> candidate_rules_;
  RuntimeStreams streams_in_;  // the region, as far as it is known
  bool kept_ = false;          // the end of the block is at the front of the next

  EarlyLine early_;
  uint64_t resume_offset_;
  uint64_t counted_to_ = 0;  // records completed before this offset were told by an earlier reader
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_READER_H_
