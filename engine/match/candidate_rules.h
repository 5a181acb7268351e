// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MATCH_CANDIDATE_RULES_H_
#define TALLYBELL_ENGINE_MATCH_CANDIDATE_RULES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "engine/scan/line_candidates.h"
#include "rules/rule.h"

namespace tallybell {

// Which lines of a source may count for which of the rules that select it, by the literals that
// the rules' patterns need. Immutable and thread-safe.
class CandidateRules {
 public:
  enum class Scan { kOn, kOff };  // kOff: every line may count, for the tests that compare

  // `selected`: the rules that select any stream of the source, ascending.
  CandidateRules(const RuleSet& rules, std::vector<uint32_t> selected, ScanEnvelope envelope,
                 Scan scan);

  // Those it was made for.
  const std::vector<uint32_t>& selected() const { return selected_; }

  LineCandidates::ScratchPtr NewScratch() const { return lines_->NewScratch(); }

  // As LineCandidates::Find.
  void Find(absl::string_view block, LineCandidates::Scratch* scratch,
            CandidateLines* lines) const {
    lines_->Find(block, scratch, lines);
  }
  void Find(absl::string_view block, LineCandidates::Look look, LineCandidates::Scratch* scratch,
            CandidateLines* lines) const {
    lines_->Find(block, look, scratch, lines);
  }

  // The rules for which `line` may count, ascending, in place of what `*rules` held.
  void RulesOf(const CandidateLines& lines, const CandidateLines::Line& line,
               std::vector<uint32_t>* rules) const;

 private:
  std::vector<uint32_t> selected_;
  std::unique_ptr<LineCandidates> lines_;
};

// Makes each CandidateRules once. Thread-safe, and so is what it gives.
class CandidateRulesCache {
 public:
  // `rules` outlives it and what it gives.
  explicit CandidateRulesCache(const RuleSet* rules,
                               CandidateRules::Scan scan = CandidateRules::Scan::kOn)
      : rules_(rules), scan_(scan) {}

  std::shared_ptr<const CandidateRules> Get(const std::vector<uint32_t>& selected,
                                            ScanEnvelope envelope);

 private:
  const RuleSet* const rules_;
  const CandidateRules::Scan scan_;
  absl::Mutex mutex_;
  std::map<std::pair<ScanEnvelope, std::vector<uint32_t>>, std::shared_ptr<const CandidateRules>>
      made_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MATCH_CANDIDATE_RULES_H_
