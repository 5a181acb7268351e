// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/match/rule_matcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/utf8.h"
#include "engine/match/group_key.h"

namespace tallybell {

namespace {

bool FindAny(const std::vector<Pattern>& patterns, absl::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const Pattern& pattern) { return pattern.Find(text, nullptr); });
}

std::string BoundedValue(std::string value) {
  if (value.size() <= RuleMatcher::kMaxByValue) return value;
  // The hash keeps two long values apart that begin alike.
  const std::string hash = FormatFingerprint(Labels{{"value", value}}.Fingerprint());
  const size_t room = RuleMatcher::kMaxByValue - hash.size() - 1;
  return absl::StrCat(Utf8Truncate(value, room), "#", hash);
}

}  // namespace

RuleMatcher::RuleMatcher(const RuleSet* rules, const Redactor* redactor, Metrics* metrics)
    : rules_(rules), redactor_(redactor) {
  for (const Rule& rule : rules->rules) {
    leaves_.push_back(&rule.leaf());
    by_missing_.push_back(&metrics->Get("by_missing_total", {{"rule", rule.alert}}));
    for (const GroupBy& by : rule.leaf().by) {
      for (const std::string& name : by.alternatives) wanted_fields_.Add(name);
    }
    for (const Stage& stage : rule.leaf().stages) {
      const auto* where = std::get_if<Where>(&stage.test);
      if (where == nullptr) continue;
      for (const std::string& name : where->fields()) wanted_fields_.Add(name);
    }
  }
}

std::vector<uint32_t> RuleMatcher::RulesOf(const Labels& stream) const {
  std::vector<uint32_t> selected;
  for (uint32_t i = 0; i < leaves_.size(); ++i) {
    if (leaves_[i]->from.Matches(stream)) selected.push_back(i);
  }
  return selected;
}

bool RuleMatcher::Counts(const Leaf& leaf, const Record& record, RecordValues* values) const {
  for (const Stage& stage : leaf.stages) {
    if (const auto* any = std::get_if<Stage::AnyOf>(&stage.test)) {
      if (!values->FindFirst(any->patterns)) return false;
    } else if (const auto* none = std::get_if<Stage::NoneOf>(&stage.test)) {
      if (FindAny(none->patterns, record.text)) return false;
    } else {
      const auto lookup = [values](absl::string_view name) { return values->ForWhere(name); };
      if (!std::get<Where>(stage.test).Holds(lookup)) return false;
    }
  }
  return true;
}

// A record that is both is a clear; what it matched may still name the group.
bool RuleMatcher::Clears(const Leaf& leaf, const Record& record, bool counts,
                         RecordValues* values) const {
  RecordValues cleared(&record);
  if (!cleared.FindFirst(leaf.clear)) return false;
  if (!counts) values->ForgetCaptures();
  values->PreferCapturesOf(cleared);
  return true;
}

void RuleMatcher::FindGroup(const RecordValues& found, RuleMatch* match) const {
  for (const GroupBy& by : leaves_[match->rule]->by) {
    absl::string_view value;
    for (const std::string& name : by.alternatives) {
      value = found.ForBy(name);
      if (!value.empty()) break;
    }
    if (value.empty()) ++match->missing;
    if (redactor_->empty() && value.size() <= kMaxByValue) {
      AppendToGroupKey(value, &match->group);
    } else {
      AppendToGroupKey(
          BoundedValue(redactor_->empty() ? std::string(value) : redactor_->Redact(value)),
          &match->group);
    }
  }
}

LentText RuleMatcher::Evidence(absl::string_view text, absl::string_view match, bool lend) const {
  size_t at = match.data() == nullptr ? 0 : match.data() - text.data();
  std::string redacted;
  if (!redactor_->empty()) {
    redacted = redactor_->Redact(text);
    at = at * redacted.size() / std::max<size_t>(text.size(), 1);
    text = redacted;
    lend = false;
  }
  const auto given = [lend](absl::string_view line) {
    return lend ? LentText::Lend(line) : LentText(line);
  };
  if (text.size() <= kMaxEvidenceLine) return given(text);
  // As much before the match as after it, unless an end of the line is nearer.
  const size_t middle = at + std::min(match.size(), kMaxEvidenceLine) / 2;
  size_t begin = middle > kMaxEvidenceLine / 2 ? middle - kMaxEvidenceLine / 2 : 0;
  begin = std::min(begin, text.size() - kMaxEvidenceLine);
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  return given(Utf8Truncate(text.substr(begin), kMaxEvidenceLine));
}

void RuleMatcher::Find(const Record& record, absl::Span<const uint32_t> rules, RuleMatches* matches,
                       bool lend) const {
  for (const uint32_t index : rules) {
    const Leaf& leaf = *leaves_[index];
    RecordValues found(&record);
    const bool counts = Counts(leaf, record, &found);
    const bool clears = !leaf.clear.empty() && Clears(leaf, record, counts, &found);
    if (!counts && !clears) continue;
    RuleMatch& match = matches->emplace_back();
    match.rule = index;
    match.clear = clears;
    FindGroup(found, &match);
    if (!clears) match.evidence = Evidence(record.text, found.match(), lend);
  }
}

void RuleMatcher::CountMissing(const RuleMatches& matches) const {
  for (const RuleMatch& match : matches) {
    if (match.missing > 0) by_missing_[match.rule]->Add(match.missing);
  }
}

}  // namespace tallybell
