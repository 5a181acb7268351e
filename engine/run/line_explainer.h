// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LINE_EXPLAINER_H_
#define TALLYBELL_ENGINE_RUN_LINE_EXPLAINER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "engine/base/time_ns.h"
#include "engine/frame/multiline_joiner.h"
#include "engine/frame/partial_joiner.h"
#include "engine/match/rule_verdict.h"
#include "engine/model/field_name.h"
#include "engine/model/labels.h"
#include "engine/parse/source_clock.h"
#include "engine/run/source_format.h"
#include "engine/run/source_streams.h"
#include "rules/rule.h"

namespace tallybell {

// How one line is read, and what the rules make of it.
struct LineExplanation {
  // What patterns see: the line without its envelope, cleaned; of a joined record all its lines.
  std::string text;
  std::string envelope;  // its name; empty where there is none
  // The format's name, "continuation", "malformed json", or "line of the file" for one that is no
  // record.
  std::string format;
  bool malformed = false;
  ParsedLine::Kind kind = ParsedLine::Kind::kRecord;
  TimeNs time = kNoTime;
  bool states_time = false;  // itself, or its envelope does
  std::string time_origin;   // in words: who states it, and what was found out
  Severity severity = Severity::kUnknown;
  Labels stream;
  std::vector<std::pair<std::string, std::string>> fields;
  // For each rule, in their order. Empty if the line is no record.
  std::vector<RuleVerdict> verdicts;
};

// Reads lines as a source does and says how. Every line is looked at in order. Not thread-safe.
class LineExplainer {
 public:
  using OnExplained = absl::FunctionRef<void(const LineExplanation&)>;

  struct Options {
    Labels labels;  // of the stream
    std::string format = "auto";
    std::optional<absl::TimeZone> zone;
    int first_year = 0;
    // No line is later: what year a line means that states none.
    TimeNs now = 0;
  };

  // `rules` outlives it. `first_lines` are those from which the format is found out.
  LineExplainer(Options options, const RuleSet* rules, absl::string_view first_lines);

  // The next line, without its newline. Gives what it completes: mostly itself, nothing if it is a
  // piece of a longer line or record.
  void Explain(absl::string_view line, OnExplained on_explained);
  // Gives what the end completes.
  void Finish(OnExplained on_explained);

  const SourceFormat& format() const { return format_; }

 private:
  // What stands before a line in its stream.
  struct Context {
    std::string header;  // the last line with a header of its own
    TimeNs time = kNoTime;
  };

  void TakeWhole(const EnvelopedLine& line, OnExplained on_explained);
  void TakeRecord(const MultilineJoiner::Record& record, OnExplained on_explained);
  LineExplanation ExplainRecord(const MultilineJoiner::Record& record);
  void PutTime(const EnvelopedLine& enveloped, const ParsedLine& parsed, Context* context,
               LineExplanation* explanation);
  std::string YearOrigin(bool from_envelope) const;
  std::string WhatWasFoundOut(const Stamp& stamp, const EnvelopedLine& enveloped) const;

  const Options options_;
  const RuleSet* const rules_;
  const WantedFields wanted_ = WantedFields::All();
  const SourceFormat format_;
  SourceClock clock_;
  SourceStreams streams_;
  PartialJoiner pieces_;
  MultilineJoiner lines_;
  uint64_t offset_ = 0;              // bytes, of the line in question
  bool file_begun_ = false;          // a header said when
  std::map<int, Context> contexts_;  // by stream
  std::string unwrap_scratch_, text_scratch_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LINE_EXPLAINER_H_
