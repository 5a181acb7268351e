// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a file of rule tests: it is refused, or its tests run, twice to the same end.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "engine/run/rule_test.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

constexpr size_t kMaxLines = 500;  // of a test that is run

size_t LinesOf(const tallybell::RuleTest& test) {
  size_t lines = 0;
  for (const tallybell::TestStream& stream : test.streams) lines += stream.lines.size();
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tallybell::Require;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  // Files of this machine are none of its business.
  if (absl::StrContains(text, "..") || absl::StrContains(text, ": /")) return 0;
  tallybell::Diagnostics diagnostics;
  const std::vector<tallybell::RuleTest> tests =
      tallybell::LoadRuleTests("tests.yaml", text, &diagnostics);
  if (diagnostics.HasErrors()) return 0;
  for (const tallybell::RuleTest& test : tests) {
    Require(test.rules != nullptr && !test.name.empty());
    if (LinesOf(test) > kMaxLines) continue;
    const tallybell::RuleTestResult result = tallybell::RunRuleTest(test);
    Require(result.passed == result.report.empty());
    const tallybell::RuleTestResult again = tallybell::RunRuleTest(test);
    Require(again.passed == result.passed && again.report == result.report);
  }
  return 0;
}
