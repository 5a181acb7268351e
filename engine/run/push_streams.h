// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_PUSH_STREAMS_H_
#define TALLYBELL_ENGINE_RUN_PUSH_STREAMS_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "engine/match/rule_matcher.h"
#include "engine/model/labels.h"
#include "engine/model/severity.h"
#include "engine/run/source_format.h"
#include "engine/store/delta.h"
#include "rules/template.h"

namespace tallybell {

// One stream that was pushed, and what must be known of its past to read on.
struct PushStream {
  Labels pushed;  // as the client wrote them
  std::string tenant;

  // What follows from those and the rules in force.
  Labels labels;                // with `tenant` and what is configured
  std::vector<uint32_t> rules;  // that select it, ascending
  bool watched = false;         // the evaluator has a source for each of the rules
  bool started = false;         // and knows when each began

  // What its lines said so far.
  bool format_found = false;
  SourceFormat format;
  std::string header;  // the last line with one of its own; empty if that is too long to keep
  Severity severity = Severity::kUnknown;  // of that line
  uint64_t entries = 0;

  bool changed = true;  // since it was saved
  std::string row;      // key of the row that it is saved in
};

// The streams that were pushed, the least recently pushed forgotten first. Saves them, so that a
// stack trace goes on over a restart, and so that the clocks of their rules do: a rule's window
// moves on also while nothing is pushed.
//
// Belongs to the evaluation thread.
class PushStreams {
 public:
  static constexpr size_t kMost = 10'000;
  // A header that is longer is not kept; what follows it inherits its severity alone.
  static constexpr size_t kMaxHeader = 4096;  // bytes

  using LabelTemplates = std::vector<std::pair<std::string, Template>>;

  // `key`: the source's; `stored`: the rows of all sources, of which it takes its own. `templates`
  // and `matcher` outlive it.
  PushStreams(absl::string_view key, const LabelTemplates* templates, const RuleMatcher* matcher,
              const std::vector<PositionRow>& stored);

  // The stream of those labels and that tenant, of which something was pushed. Good until kMost
  // others were asked for.
  PushStream* Get(const Labels& pushed, absl::string_view tenant);

  // Other rules: what follows from them is made anew.
  void UseRules(const RuleMatcher* matcher);

  // All, the most recently pushed first.
  std::list<PushStream>& all() { return streams_; }

  // Appends what changed since the last call.
  void Save(Delta* delta);
  bool Unsaved() const;

 private:
  static std::string RowSuffix(const Labels& pushed, absl::string_view tenant);
  void Derive(PushStream* stream) const;
  bool Restore(const PositionRow& row);

  const std::string prefix_;
  const LabelTemplates* const templates_;
  const RuleMatcher* matcher_;
  std::list<PushStream> streams_;
  absl::flat_hash_map<std::string, std::list<PushStream>::iterator> by_row_;
  std::vector<PositionRow> erased_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_PUSH_STREAMS_H_
