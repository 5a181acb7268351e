// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/match/rule_matcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/utf8.h"

namespace tallybell {

// What matching a record brought to light besides the fact.
struct RuleMatcher::Found {
  absl::string_view match;  // in the text; empty where the rule has no `match`
  std::vector<std::pair<absl::string_view, absl::string_view>> captures;

  // Whether the first of `patterns` that finds something is there; its captures then are.
  bool FindFirst(const std::vector<Pattern>& patterns, absl::string_view text) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& pattern) {
      return pattern.capture_names().empty() ? pattern.Find(text, &match)
                                             : pattern.FindCaptures(text, &match, &captures);
    });
  }

  absl::string_view Capture(absl::string_view name) const {
    for (const auto& [capture, value] : captures) {
      if (capture == name) return value;
    }
    return {};
  }
};

namespace {

bool FindAny(const std::vector<Pattern>& patterns, absl::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const Pattern& pattern) { return pattern.Find(text, nullptr); });
}

// What a record states of itself; `severity` is a field like the others.
absl::string_view FieldOf(const Record& record, absl::string_view name) {
  if (name == "severity") return SeverityName(record.severity);
  return record.fields.Get(name);
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
  for (uint32_t i = 0; i < rules_->rules.size(); ++i) {
    if (rules_->rules[i].leaf().from.Matches(stream)) selected.push_back(i);
  }
  return selected;
}

bool RuleMatcher::Counts(const Leaf& leaf, const Record& record, Found* found) const {
  for (const Stage& stage : leaf.stages) {
    if (const auto* any = std::get_if<Stage::AnyOf>(&stage.test)) {
      if (!found->FindFirst(any->patterns, record.text)) return false;
    } else if (const auto* none = std::get_if<Stage::NoneOf>(&stage.test)) {
      if (FindAny(none->patterns, record.text)) return false;
    } else {
      const auto lookup = [&](absl::string_view name) {
        absl::string_view value = FieldOf(record, name);
        if (value.empty()) value = found->Capture(name);
        return value.empty() ? record.stream->Get(name) : value;
      };
      if (!std::get<Where>(stage.test).Holds(lookup)) return false;
    }
  }
  return true;
}

std::vector<std::string> RuleMatcher::ByValues(uint32_t rule, const Record& record,
                                               const Found& found) const {
  std::vector<std::string> values;
  for (const GroupBy& by : rules_->rules[rule].leaf().by) {
    absl::string_view value;
    for (const std::string& name : by.alternatives) {
      value = record.stream->Get(name);
      if (value.empty()) value = found.Capture(name);
      if (value.empty()) value = FieldOf(record, name);
      if (!value.empty()) break;
    }
    if (value.empty()) by_missing_[rule]->Add();
    values.push_back(
        BoundedValue(redactor_->empty() ? std::string(value) : redactor_->Redact(value)));
  }
  return values;
}

std::string RuleMatcher::Evidence(absl::string_view text, absl::string_view match) const {
  size_t at = match.data() == nullptr ? 0 : match.data() - text.data();
  std::string redacted;
  if (!redactor_->empty()) {
    redacted = redactor_->Redact(text);
    at = at * redacted.size() / std::max<size_t>(text.size(), 1);
    text = redacted;
  }
  if (text.size() <= kMaxEvidenceLine) return std::string(text);
  // As much before the match as after it, unless an end of the line is nearer.
  const size_t middle = at + std::min(match.size(), kMaxEvidenceLine) / 2;
  size_t begin = middle > kMaxEvidenceLine / 2 ? middle - kMaxEvidenceLine / 2 : 0;
  begin = std::min(begin, text.size() - kMaxEvidenceLine);
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  return std::string(Utf8Truncate(text.substr(begin), kMaxEvidenceLine));
}

void RuleMatcher::Match(const Record& record, absl::Span<const uint32_t> rules,
                        std::vector<RuleMatch>* matches) const {
  for (const uint32_t index : rules) {
    const Leaf& leaf = rules_->rules[index].leaf();
    Found found;
    Found cleared;
    const bool clears = !leaf.clear.empty() && cleared.FindFirst(leaf.clear, record.text);
    const bool counts = Counts(leaf, record, &found);
    if (!counts && !clears) continue;
    if (clears) {
      // A record that is both is a clear; what it matched may still name the group.
      if (!counts) found.captures.clear();
      found.captures.insert(found.captures.begin(), cleared.captures.begin(),
                            cleared.captures.end());
    }
    RuleMatch match;
    match.rule = index;
    match.clear = clears;
    match.by_values = ByValues(index, record, found);
    if (!clears) match.evidence = Evidence(record.text, found.match);
    matches->push_back(std::move(match));
  }
}

}  // namespace tallybell
