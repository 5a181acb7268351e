// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Tests of rules, written as data: which lines come when, and which alerts that gives
// (docs/rule-tests.md).
#ifndef TALLYBELL_ENGINE_RUN_RULE_TEST_H_
#define TALLYBELL_ENGINE_RUN_RULE_TEST_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "engine/base/time_ns.h"
#include "engine/model/alert.h"
#include "engine/model/labels.h"
#include "rules/diagnostics.h"
#include "rules/rule.h"

namespace tallybell {

// A line of a test and when it comes.
struct TestLine {
  TimeNs time = kNoTime;     // what its record states
  TimeNs arrives = kNoTime;  // when it is read; its time, unless the test says otherwise
  std::string text;          // without newline and envelope
};

// One stream, which is a source of its own. A line without a header, where others have one,
// continues the line before it.
struct TestStream {
  Labels labels;
  std::string format = "auto";
  DurationNs lateness = 45 * kSecond;
  std::vector<TestLine> lines;  // as written; they are read in the order in which they arrive
  // In place of `lines`: a log that is read as `replay` reads a file, by the times it states. Of
  // stamps that leave them out, the zone (none: UTC) and the year (0: what the log's header or its
  // label `filename` says, else 2024).
  std::optional<std::string> log;
  std::optional<absl::TimeZone> zone;
  int year = 0;
};

// A transition that must come to pass. What is not stated may be anything.
struct ExpectedTransition {
  Place place;
  TimeNs at = kNoTime;
  AlertState state = AlertState::kFiring;
  std::string alert;
  std::optional<int64_t> value;
  Labels labels;  // these and perhaps others
  std::vector<std::pair<std::string, std::string>> annotations;
  std::optional<std::vector<std::string>> lines;  // the evidence, all of it
};

// One test. A plain value.
struct RuleTest {
  std::string name;
  Place place;
  std::shared_ptr<const RuleSet> rules;
  Labels external_labels;
  std::vector<TestStream> streams;
  TimeNs until = kNoTime;  // the end of the input; kNoTime: the greatest time of a line
  bool drain = false;
  // Every firing and resolve, and where it names a pending or an inactive, all of those too. None:
  // only `never` counts.
  std::optional<std::vector<ExpectedTransition>> expect;
  std::vector<std::string> never;  // alerts that must not fire
};

// Times of a test are counted from here: 0m is midnight.
inline constexpr TimeNs kTestBegins = 1'704'067'200 * kSecond;  // 2024-01-01T00:00:00Z

// Reads a file of tests; `file` is its path, from whose directory rule files are named. Every
// fault goes into `*diagnostics`; the result is whole only if that has no errors.
std::vector<RuleTest> LoadRuleTests(absl::string_view file, absl::string_view text,
                                    Diagnostics* diagnostics);

struct RuleTestResult {
  bool passed = false;
  std::string report;  // if it failed: what was expected and what came, side by side
};

// The same engine that `replay` and `run` are. Pure; may be called from any thread.
RuleTestResult RunRuleTest(const RuleTest& test);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_RULE_TEST_H_
