// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MATCH_RULE_MATCHER_H_
#define TALLYBELL_ENGINE_MATCH_RULE_MATCHER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "engine/base/metrics.h"
#include "engine/match/matched_record.h"
#include "engine/match/record_values.h"
#include "engine/match/redactor.h"
#include "engine/model/field_name.h"
#include "engine/model/record.h"
#include "rules/rule.h"

namespace tallybell {

// Says of a record which rules it counts for and which it clears: docs/semantics.md, "Which
// records count". The scan has only said that it may. Immutable and thread-safe.
class RuleMatcher {
 public:
  static constexpr size_t kMaxByValue = 1024;      // bytes; longer ones are cut and hashed
  static constexpr size_t kMaxEvidenceLine = 512;  // bytes, cut around the match

  // `rules`, `redactor` and `metrics` outlive it.
  RuleMatcher(const RuleSet* rules, const Redactor* redactor, Metrics* metrics);

  // The fields that some rule looks at.
  const WantedFields& wanted_fields() const { return wanted_fields_; }

  // The rules whose `from` selects `stream`, ascending.
  std::vector<uint32_t> RulesOf(const Labels& stream) const;

  // Appends a match for each of `rules` that `record` counts for or clears. The stream has been
  // looked at already.
  void Match(const Record& record, absl::Span<const uint32_t> rules, RuleMatches* matches) const {
    Find(record, rules, matches);
    CountMissing(*matches);
  }
  // The same in two steps: the first leaves no trace, so that it can be done ahead of time.
  // `lend`: whether evidence is lent by the record's text, where it is a part of that.
  void Find(const Record& record, absl::Span<const uint32_t> rules, RuleMatches* matches,
            bool lend = false) const;
  void CountMissing(const RuleMatches& matches) const;

  // What a RuleMatch calls by its place.
  const Rule& rule(uint32_t place) const { return rules_->rules[place]; }

 private:
  bool Counts(const Leaf& leaf, const Record& record, RecordValues* values) const;
  bool Clears(const Leaf& leaf, const Record& record, bool counts, RecordValues* values) const;
  void FindGroup(const RecordValues& found, RuleMatch* match) const;
  LentText Evidence(absl::string_view text, absl::string_view match, bool lend) const;

  const RuleSet* const rules_;
  const Redactor* const redactor_;
  // By rule.
  std::vector<const Leaf*> leaves_;
  std::vector<Metric*> by_missing_;
  WantedFields wanted_fields_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MATCH_RULE_MATCHER_H_
