// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_PUSH_RECORDS_H_
#define TALLYBELL_ENGINE_RUN_PUSH_RECORDS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "engine/base/time_ns.h"
#include "engine/match/candidate_rules.h"
#include "engine/match/matched_record.h"
#include "engine/match/rule_matcher.h"
#include "engine/parse/line_format.h"
#include "engine/parse/source_clock.h"
#include "engine/run/push_streams.h"
#include "engine/source/loki_push_body.h"

namespace tallybell {

// Makes matched records of pushed lines: they are laid out as a block and scanned for what rules
// look for, and only those that may count are parsed and matched, as SourceReader does it with
// files. A pushed line is one record, whatever newlines are in it.
//
// Belongs to the evaluation thread.
class PushRecords {
 public:
  struct Options {
    std::optional<absl::TimeZone> zone;
    DurationNs max_future = kMinute;
  };

  // `candidates` and `matcher`, both of the same `rules` rules, outlive it.
  PushRecords(const Options& options, CandidateRulesCache* candidates, const RuleMatcher* matcher,
              size_t rules);

  // Appends the records of `pushed` that count, in the order of its lines. `stream` is the one of
  // its labels; `arrival` the wall clock when it came.
  void Read(const PushedBody& body, const PushedStream& pushed, TimeNs arrival, PushStream* stream,
            std::vector<MatchedRecord>* records);

  // The time of the first record of what Read read last; kNoTime if there is none.
  TimeNs first_time() const { return first_time_; }

  // How many records were too far in the future and were taken as at the bound.
  int64_t clamped() const { return clamped_; }

 private:
  // What looks for the rules of some streams.
  struct Scanner {
    std::shared_ptr<const CandidateRules> candidates;
    LineCandidates::ScratchPtr scratch;
  };
  // So many sets of rules have a scanner of their own; streams beyond share the one of all rules.
  static constexpr size_t kMostScanners = 64;

  // One line with its envelope off, cleaned and parsed.
  struct Line;
  // One push of one stream, while it is read.
  struct Batch;

  Scanner* ScannerOf(const PushStream& stream);
  static void FindFormat(const PushedStream& pushed, PushStream* stream);
  void LayOut(const PushedStream& pushed);
  void ReadLine(const Batch& batch, size_t number, Line* line);
  // `*bounded`: it was too far in the future.
  TimeNs TimeOf(const Batch& batch, size_t number, const Line& line, bool* bounded) const;
  void LookBack(Batch* batch, size_t number);
  void Emit(Batch* batch, size_t number, const CandidateRules& scanner,
            const CandidateLines::Line& candidate, std::vector<MatchedRecord>* records);

  const Options options_;
  CandidateRulesCache* const candidates_;
  const RuleMatcher* const matcher_;
  std::vector<uint32_t> every_rule_;
  const SourceClock clock_;
  std::map<std::pair<ScanEnvelope, std::vector<uint32_t>>, Scanner> scanners_;
  TimeNs first_time_ = kNoTime;
  int64_t clamped_ = 0;

  // Of the batch that is being read; kept for their memory.
  std::string block_;
  std::vector<uint32_t> begins_;       // of each entry in the block
  std::vector<uint32_t> not_scanned_;  // entries of several lines
  CandidateLines candidate_lines_;
  std::vector<uint32_t> candidate_rules_, selected_;
  std::string unwrap_scratch_, text_scratch_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_PUSH_RECORDS_H_
