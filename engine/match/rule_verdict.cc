// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/match/rule_verdict.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/match/record_values.h"

namespace tallybell {
namespace {

// A pattern as a rule file writes it.
std::string Written(const Pattern& pattern) {
  if (pattern.is_literal()) return absl::StrCat("\"", pattern.text(), "\"");
  return absl::StrCat("/", pattern.text(), "/", pattern.ignore_case() ? "i" : "");
}

std::string Written(const std::vector<Pattern>& patterns) {
  return absl::StrJoin(patterns, " or ", [](std::string* out, const Pattern& pattern) {
    absl::StrAppend(out, Written(pattern));
  });
}

// The pattern of `patterns` that finds something in `text`, or null.
const Pattern* Finder(const std::vector<Pattern>& patterns, absl::string_view text) {
  for (const Pattern& pattern : patterns) {
    if (pattern.Find(text, nullptr)) return &pattern;
  }
  return nullptr;
}

// The matcher of `from` that the stream does not meet.
std::string Unmet(const Selector& from, const Labels& stream) {
  for (const Selector::Matcher& matcher : from.matchers()) {
    const std::string value(stream.Get(matcher.name));
    constexpr absl::string_view kOps[] = {"=", "!=", "=~", "!~"};
    const std::string text = absl::StrCat("{", matcher.name, kOps[static_cast<int>(matcher.op)],
                                          "\"", matcher.value, "\"}");
    const absl::StatusOr<Selector> one = Selector::Parse(text);
    if (!one.ok() || !one->Matches(stream)) {
      return absl::StrCat(text, ": ", matcher.name,
                          value.empty() ? " is not there" : absl::StrCat(" is \"", value, "\""));
    }
  }
  return "the stream";
}

std::string ValuesOf(const Where& where, const RecordValues& values) {
  return absl::StrJoin(where.fields(), ", ", [&](std::string* out, const std::string& name) {
    const absl::string_view value = values.ForWhere(name);
    absl::StrAppend(out, name,
                    value.empty() ? " is not there" : absl::StrCat(" is \"", value, "\""));
  });
}

// Empty if the record counts; else at what it fails. `*found` is what counts.
std::string Failure(const Leaf& leaf, const Record& record, RecordValues* values,
                    std::string* found) {
  for (const Stage& stage : leaf.stages) {
    if (const auto* any = std::get_if<Stage::AnyOf>(&stage.test)) {
      if (!values->FindFirst(any->patterns)) {
        return absl::StrCat("match: no ", Written(any->patterns));
      }
      *found = absl::StrCat("match: ", Written(*Finder(any->patterns, record.text)));
    } else if (const auto* none = std::get_if<Stage::NoneOf>(&stage.test)) {
      const Pattern* const finder = Finder(none->patterns, record.text);
      if (finder != nullptr) return absl::StrCat("exclude: ", Written(*finder));
    } else {
      const Where& where = std::get<Where>(stage.test);
      if (!where.Holds([values](absl::string_view name) { return values->ForWhere(name); })) {
        return absl::StrCat("where: ", where.ToString(),
                            " does not hold: ", ValuesOf(where, *values));
      }
    }
  }
  if (found->empty()) *found = "every record of the stream";
  return "";
}

}  // namespace

RuleVerdict JudgeRecord(const Rule& rule, const Record& record) {
  const Leaf& leaf = rule.leaf();
  RuleVerdict verdict;
  if (!leaf.from.Matches(*record.stream)) {
    verdict.reason = absl::StrCat("from: not ", Unmet(leaf.from, *record.stream));
    return verdict;
  }
  RecordValues values(&record);
  RecordValues cleared(&record);
  std::string found;
  const std::string failure = Failure(leaf, record, &values, &found);
  if (!leaf.clear.empty() && cleared.FindFirst(leaf.clear)) {
    verdict.kind = RuleVerdict::Kind::kClears;
    verdict.reason = absl::StrCat("clear: ", Written(*Finder(leaf.clear, record.text)));
    if (!failure.empty()) values.ForgetCaptures();
    values.PreferCapturesOf(cleared);
  } else if (failure.empty()) {
    verdict.kind = RuleVerdict::Kind::kCounts;
    verdict.reason = found;
  } else {
    verdict.reason = failure;
    return verdict;
  }
  for (const GroupBy& by : leaf.by) {
    std::string value;
    for (const std::string& name : by.alternatives) {
      value = std::string(values.ForBy(name));
      if (!value.empty()) break;
    }
    verdict.group.emplace_back(by.name, std::move(value));
  }
  return verdict;
}

}  // namespace tallybell
