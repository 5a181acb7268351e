// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LINE_EXPLAINER_H_
#define TALLYBELL_ENGINE_RUN_LINE_EXPLAINER_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "engine/base/time_ns.h"
#include "engine/match/rule_verdict.h"
#include "engine/model/field_name.h"
#include "engine/model/labels.h"
#include "engine/parse/source_clock.h"
#include "engine/run/source_format.h"
#include "rules/rule.h"

namespace tallybell {

// How one line is read, and what the rules make of it.
struct LineExplanation {
  std::string envelope;  // its name; empty where there is none
  // The format's name, "continuation", "malformed json", or "line of the file" for one that is no
  // record.
  std::string format;
  ParsedLine::Kind kind = ParsedLine::Kind::kRecord;
  TimeNs time = kNoTime;
  std::string time_origin;  // in words: who states it, and what was found out
  Severity severity = Severity::kUnknown;
  Labels stream;
  std::vector<std::pair<std::string, std::string>> fields;
  // For each rule, in their order. Empty if the line is no record.
  std::vector<RuleVerdict> verdicts;
};

// Reads lines as a source does and says how. Every line is looked at in order. Not thread-safe.
class LineExplainer {
 public:
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

  // The next line, without its newline.
  LineExplanation Explain(absl::string_view line);

  const SourceFormat& format() const { return format_; }

 private:
  void PutTime(const EnvelopedLine& enveloped, const ParsedLine& parsed,
               LineExplanation* explanation);
  std::string YearOrigin(bool from_envelope) const;
  std::string WhatWasFoundOut(const Stamp& stamp, const EnvelopedLine& enveloped) const;

  const Options options_;
  const RuleSet* const rules_;
  const WantedFields wanted_ = WantedFields::All();
  const SourceFormat format_;
  SourceClock clock_;
  bool first_ = true;
  bool file_begun_ = false;  // a header said when
  TimeNs last_time_ = kNoTime;
  std::string header_;  // the last line with a header of its own
  std::string unwrap_scratch_, text_scratch_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LINE_EXPLAINER_H_
