// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_SEQUENCE_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_SEQUENCE_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/json_text.h"
#include "engine/frame/multiline_joiner.h"
#include "engine/frame/partial_joiner.h"
#include "engine/match/candidate_rules.h"
#include "engine/run/source_contexts.h"
#include "engine/run/source_item.h"
#include "engine/run/source_line.h"
#include "engine/run/source_marks.h"
#include "engine/run/source_matches.h"
#include "engine/run/source_times.h"

namespace tallybell {

// Leads a source through every one of its lines in order: where several lines make one record, and
// where containers share an output. A mark is then the first record, in the order in which they
// become whole, that begins at or after a multiple and states a time; it ends the records that
// began before it in other streams. A stamp means what the marks around it say, as elsewhere; a
// live source does not wait for the mark that follows. Within a segment, records are given in the
// order in which they begin. Used by one thread at a time.
class SourceSequence {
 public:
  // What it shares with the reader; all outlive it.
  struct Parts {
    SourceStreams* streams;
    SourceTimes* times;
    SourceContexts* contexts;
    SourceMarks* marks;
    SourceMatches* matches;
    PartialJoiner* pieces;
    SourceCounts* counts;
  };
  struct Options {
    MultilineJoiner::Options multiline;  // may be off
    bool live = false;
    size_t look_ahead = 0;  // bytes within which the mark after a mark is looked for
  };

  SourceSequence(Options options, Parts parts);

  void Use(const SourceFormat* format, const WantedFields* wanted,
           std::shared_ptr<const CandidateRules> candidates);

  // The next lines, which begin at `offset`. `arrival` is kNoTime in a replay.
  void Add(absl::string_view region, uint64_t offset, TimeNs arrival,
           std::vector<SourceItem>* items);

  // There is no more for now: gives what has waited long enough for its next line.
  void Wait(TimeNs arrival, std::vector<SourceItem>* items);
  TimeNs held_until() const { return joiner_.held_until(); }
  // How many joined records reached a limit.
  int64_t records_cut() const { return joiner_.limited(); }

  // There is no more at all: gives the rest.
  void End(TimeNs arrival, std::vector<SourceItem>* items);

  // Where a new reader must begin so that no unfinished record is lost, and what it must know of
  // those; of the lines before `counted` it takes only theirs.
  uint64_t HeldFrom() const;
  Json Save() const;
  // False if `state` is not Save's.
  bool Restore(const Json& state, uint64_t counted);

 private:
  // What an earlier reader had of an unfinished record.
  struct Resumed {
    uint64_t from = 0;
    bool joined = false;  // a line of it was whole; else only a piece was there
  };
  // A record behind a mark, until the mark after that is known.
  struct Waiting {
    MultilineJoiner::Record record;
    std::string text, name;
    std::optional<Stamp> stamp;
  };

  std::map<int, Resumed> Unfinished() const;
  bool WasTold(int stream, uint64_t offset);
  void AddLine(absl::string_view raw, uint64_t offset);
  void AddWhole(const EnvelopedLine& line, uint64_t offset);
  void AddText(const EnvelopedLine& line, absl::string_view text, uint64_t offset);
  void Complete(const MultilineJoiner::Record& record);
  void Queue(const MultilineJoiner::Record& record, const std::optional<Stamp>& stamp);
  void TellQueue(const std::optional<Stamp>& following);
  void PassMark(const Stamp& mark, const std::optional<Stamp>& following);
  void Tell(const SourceLine& line, uint64_t offset, const std::optional<Stamp>& stamp);
  void CandidatesOf(absl::string_view text);
  void SortSegment();

  const Options options_;
  const Parts parts_;
  SourceLineReader lines_;
  MultilineJoiner joiner_;
  std::shared_ptr<const CandidateRules> candidates_;
  LineCandidates::ScratchPtr candidate_scratch_;
  CandidateLines candidate_lines_;
  std::vector<uint32_t> rules_, line_rules_;

  // Of the call that is under way.
  TimeNs arrival_ = kNoTime;
  std::vector<SourceItem>* items_ = nullptr;
  size_t segment_begin_ = 0;  // among the items

  std::deque<Waiting> queue_;  // the first is a mark
  uint64_t counted_ = 0;
  std::map<int, Resumed> resumed_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_SEQUENCE_H_
