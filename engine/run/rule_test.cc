// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/rule_test.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/metrics.h"
#include "engine/match/redactor.h"
#include "engine/match/rule_matcher.h"
#include "engine/run/evaluator.h"
#include "engine/run/rule_test_input.h"

namespace tallybell {
namespace {

std::vector<Transition> Evaluate(const RuleTest& test) {
  Metrics metrics;
  const Redactor redactor;
  const RuleMatcher matcher(test.rules.get(), &redactor, &metrics);
  Evaluator::Options options;
  options.external_labels = test.external_labels;
  Evaluator evaluator(test.rules.get(), options, &metrics);
  RuleTestInput input(test, &matcher);
  std::vector<uint32_t> files;
  for (uint32_t i = 0; i < test.streams.size(); ++i) {
    const TestStream& stream = test.streams[i];
    evaluator.AddSource(RuleTestInput::PossibleLabels(stream), stream.lateness);
    files.push_back(evaluator.AddFile(FormatLabels(stream.labels)));
  }
  for (uint32_t i = 0; i < test.streams.size(); ++i) {
    if (input.left(i) == 0) evaluator.Ended(i);
  }
  RuleEvaluator::Output output;
  std::vector<bool> started(test.streams.size());
  TimeNs end = kNoTime;
  for (RuleTestInput::Item item; input.Next(&item);) {
    const TimeNs time = item.said.time;
    if (test.until == kNoTime || time <= test.until) {
      if (!started[item.stream]) evaluator.Started(item.stream, time);
      started[item.stream] = true;
      item.said.record.file = files[item.stream];
      evaluator.Add(item.said.record);
      evaluator.Progress(item.stream, time);
      end = std::max(end, time);
    }
    if (item.last) evaluator.Ended(item.stream);
    evaluator.Decide(kNoTime, &output);
  }
  if (test.until != kNoTime) end = test.until;
  if (end != kNoTime) evaluator.Finish(end, test.drain, &output);
  SortTransitions(&output.transitions);
  return std::move(output.transitions);
}

// ---- What was expected

bool Shows(const ExpectedTransition& expected, const Alert& alert) {
  for (const auto& pair : expected.annotations) {
    if (std::find(alert.annotations.begin(), alert.annotations.end(), pair) ==
        alert.annotations.end()) {
      return false;
    }
  }
  if (!expected.lines.has_value()) return true;
  return std::equal(
      expected.lines->begin(), expected.lines->end(), alert.evidence.begin(), alert.evidence.end(),
      [](const std::string& line, const EvidenceLine& shown) { return line == shown.line; });
}

bool IsAsExpected(const ExpectedTransition& expected, const Transition& actual) {
  if (expected.at != actual.time || expected.state != actual.state ||
      expected.alert != actual.alert.rule ||
      expected.value.value_or(actual.value) != actual.value) {
    return false;
  }
  for (const Labels::Pair& pair : expected.labels.pairs()) {
    if (actual.alert.labels.Get(pair.first) != pair.second) return false;
  }
  return Shows(expected, actual.alert);
}

// As tests write it: "15m"; or all of it, where it is far from the beginning.
std::string Moment(TimeNs t) {
  const DurationNs since = SubtractNs(t, kTestBegins);
  if (since < 0 || since > 90 * kDay || since % kMillisecond != 0) return FormatRfc3339(t);
  return FormatDuration(since);
}

std::string LabelsText(const Labels& labels) {
  Labels rest = labels;
  rest.Set("alertname", "");
  return rest.empty() ? "" : absl::StrCat(" ", FormatLabels(rest));
}

std::string Describe(const ExpectedTransition& expected) {
  std::string text =
      absl::StrCat(Moment(expected.at), " ", expected.alert, " ", AlertStateName(expected.state));
  if (expected.value.has_value()) absl::StrAppend(&text, " ", *expected.value);
  absl::StrAppend(&text, LabelsText(expected.labels));
  for (const auto& [name, value] : expected.annotations) {
    absl::StrAppend(&text, " ", name, "=\"", value, "\"");
  }
  if (expected.lines.has_value()) absl::StrAppend(&text, " ", expected.lines->size(), " lines");
  return text;
}

std::string Describe(const Transition& actual, bool all) {
  std::string text =
      absl::StrCat(Moment(actual.time), " ", actual.alert.rule, " ", AlertStateName(actual.state),
                   " ", actual.value, LabelsText(actual.alert.labels));
  if (!all) return text;
  for (const auto& [name, value] : actual.alert.annotations) {
    absl::StrAppend(&text, " ", name, "=\"", value, "\"");
  }
  absl::StrAppend(&text, " ", actual.alert.evidence.size(), " lines");
  return text;
}

// Two columns, a mark in front of each row that differs.
class SideBySide {
 public:
  void Add(bool same, std::string expected, std::string actual) {
    width_ = std::max(width_, expected.size());
    differs_ = differs_ || !same;
    rows_.push_back({same, std::move(expected), std::move(actual)});
  }
  bool differs() const { return differs_; }
  std::string Render() const {
    const int width = static_cast<int>(width_);
    std::string text = absl::StrFormat("  %-*s | %s\n", width, "expected", "actual");
    for (const Row& row : rows_) {
      absl::StrAppendFormat(&text, "%c %-*s | %s\n", row.same ? ' ' : '!', width, row.expected,
                            row.actual);
    }
    return text;
  }

 private:
  struct Row {
    bool same;
    std::string expected;
    std::string actual;
  };
  std::vector<Row> rows_;
  size_t width_ = sizeof("expected") - 1;
  bool differs_ = false;
};

bool IsStep(AlertState state) {
  return state == AlertState::kPending || state == AlertState::kInactive;
}

// Rows of equal or nearly equal transitions stand side by side.
void Compare(const RuleTest& test, std::vector<Transition> actual, SideBySide* table) {
  std::vector<ExpectedTransition> expected = *test.expect;
  std::stable_sort(expected.begin(), expected.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  const bool steps =
      std::any_of(expected.begin(), expected.end(), [](const auto& e) { return IsStep(e.state); });
  if (!steps) {
    actual.erase(std::remove_if(actual.begin(), actual.end(),
                                [](const Transition& t) { return IsStep(t.state); }),
                 actual.end());
  }
  // At one instant the test may name them in any order.
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto same =
        std::find_if(actual.begin() + std::min(i, actual.size()), actual.end(),
                     [&](const Transition& t) { return IsAsExpected(expected[i], t); });
    if (same != actual.end() && i < actual.size() && actual[i].time == same->time) {
      std::rotate(actual.begin() + i, same, same + 1);
    }
  }
  size_t i = 0;
  size_t j = 0;
  while (i < expected.size() || j < actual.size()) {
    const bool both = i < expected.size() && j < actual.size();
    if (both && IsAsExpected(expected[i], actual[j])) {
      table->Add(true, Describe(expected[i]), Describe(actual[j], false));
      ++i, ++j;
    } else if (both && expected[i].at == actual[j].time) {
      table->Add(false, Describe(expected[i]), Describe(actual[j], true));
      ++i, ++j;
    } else if (j == actual.size() || (both && expected[i].at < actual[j].time)) {
      table->Add(false, Describe(expected[i]), "");
      ++i;
    } else {
      table->Add(false, "", Describe(actual[j], true));
      ++j;
    }
  }
}

}  // namespace

RuleTestResult RunRuleTest(const RuleTest& test) {
  std::vector<Transition> actual = Evaluate(test);
  RuleTestResult result;
  result.passed = true;
  for (const Transition& transition : actual) {
    const bool forbidden =
        transition.state == AlertState::kFiring &&
        std::find(test.never.begin(), test.never.end(), transition.alert.rule) != test.never.end();
    if (!forbidden) continue;
    result.passed = false;
    absl::StrAppend(&result.report, "fired, and never should: ", Describe(transition, true), "\n");
  }
  if (test.expect.has_value()) {
    SideBySide table;
    Compare(test, std::move(actual), &table);
    result.passed = result.passed && !table.differs();
    absl::StrAppend(&result.report, table.Render());
  }
  if (result.passed) result.report.clear();
  return result;
}

}  // namespace tallybell
