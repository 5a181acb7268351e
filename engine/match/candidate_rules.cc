// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/match/candidate_rules.h"

#include <algorithm>
#include <iterator>

#include "engine/match/seen_text.h"
#include "engine/scan/required_literals.h"

namespace tallybell {
namespace {

// Adds what a line must hold for any of `patterns`; false if one of them needs nothing.
bool AddLiterals(const std::vector<Pattern>& patterns, std::vector<ScanLiteral>* literals) {
  for (const Pattern& pattern : patterns) {
    std::vector<ScanLiteral> needed =
        pattern.is_literal() ? RequiredLiteralsOfText(pattern.text(), pattern.ignore_case())
                             : RequiredLiterals(pattern.text(), pattern.ignore_case());
    if (needed.empty()) return false;
    literals->insert(literals->end(), needed.begin(), needed.end());
  }
  return true;
}

// What a line must hold to count for the rule or to clear it; empty if that is nothing.
std::vector<ScanLiteral> LiteralsOf(const Leaf& leaf) {
  std::vector<ScanLiteral> literals;
  for (const Stage& stage : leaf.stages) {
    const auto* const any = std::get_if<Stage::AnyOf>(&stage.test);
    if (any == nullptr) continue;
    if (AddLiterals(any->patterns, &literals) && AddLiterals(leaf.clear, &literals)) {
      return literals;
    }
    return {};
  }
  return {};
}

}  // namespace

CandidateRules::CandidateRules(const RuleSet& rules, std::vector<uint32_t> selected,
                               ScanEnvelope envelope, Scan scan)
    : selected_(std::move(selected)) {
  std::vector<std::vector<ScanLiteral>> patterns(selected_.size());
  if (scan == Scan::kOn) {
    for (size_t i = 0; i < selected_.size(); ++i) {
      patterns[i] = LiteralsOf(rules.rules[selected_[i]].leaf());
    }
  }
  absl::StatusOr<std::unique_ptr<LineCandidates>> lines =
      LineCandidates::Create(patterns, envelope, &AppendSeenText);
  if (!lines.ok()) {
    // Too many literals for a scanner: every line is looked at, which is slow and right.
    lines = LineCandidates::Create(std::vector<std::vector<ScanLiteral>>(selected_.size()),
                                   envelope, &AppendSeenText);
  }
  lines_ = *std::move(lines);
}

void CandidateRules::RulesOf(const CandidateLines& lines, const CandidateLines::Line& line,
                             std::vector<uint32_t>* rules) const {
  rules->clear();
  if (line.every_pattern) {
    *rules = selected_;
    return;
  }
  const absl::Span<const uint32_t> found = lines.patterns(line);
  const std::vector<uint32_t>& always = lines_->unfiltered();
  if (always.empty()) {
    for (const uint32_t rule : found) rules->push_back(selected_[rule]);
    return;
  }
  std::set_union(found.begin(), found.end(), always.begin(), always.end(),
                 std::back_inserter(*rules));
  for (uint32_t& rule : *rules) rule = selected_[rule];
}

std::shared_ptr<const CandidateRules> CandidateRulesCache::Get(
    const std::vector<uint32_t>& selected, ScanEnvelope envelope) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<const CandidateRules>& made = made_[{envelope, selected}];
  if (made == nullptr) {
    made = std::make_shared<CandidateRules>(*rules_, selected, envelope, scan_);
  }
  return made;
}

}  // namespace tallybell
