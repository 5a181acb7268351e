// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <stdio.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "engine/cli/arguments.h"
#include "engine/cli/commands.h"
#include "engine/cli/text_file.h"
#include "engine/run/rule_test.h"

namespace tallybell {
namespace {

constexpr OptionSpec kOptions[] = {
    {"run", "TEXT", "only tests whose names hold this text; may be repeated"},
    {"help", "", "this"},
};

struct Tally {
  int tests = 0;
  int failed = 0;
  bool bad = false;  // some file could not be read
};

bool IsWanted(const std::vector<std::string>& wanted, const std::string& name) {
  for (const std::string& text : wanted) {
    if (name.find(text) != std::string::npos) return true;
  }
  return wanted.empty();
}

void RunTests(const std::vector<RuleTest>& tests, const std::vector<std::string>& wanted,
              Tally* tally) {
  for (const RuleTest& test : tests) {
    if (!IsWanted(wanted, test.name)) continue;
    const RuleTestResult result = RunRuleTest(test);
    ++tally->tests;
    if (result.passed) {
      printf("  SUCCESS  %s\n", test.name.c_str());
      continue;
    }
    ++tally->failed;
    const std::string report =
        absl::StrReplaceAll(absl::StripSuffix(result.report, "\n"), {{"\n", "\n    "}});
    printf("  FAILED   %s (line %d)\n    %s\n", test.name.c_str(), test.place.line, report.c_str());
  }
}

void TestFile(const std::string& file, const std::vector<std::string>& wanted, Tally* tally) {
  const absl::StatusOr<std::string> text = ReadTextFile(file);
  if (!text.ok()) {
    fprintf(stderr, "%s: error: %s\n", file.c_str(), std::string(text.status().message()).c_str());
    tally->bad = true;
    return;
  }
  Diagnostics diagnostics;
  const std::vector<RuleTest> tests = LoadRuleTests(file, *text, &diagnostics);
  fputs(diagnostics.ToString().c_str(), stderr);
  if (diagnostics.HasErrors()) {
    tally->bad = true;
    return;
  }
  printf("%s\n", file.c_str());
  RunTests(tests, wanted, tally);
  // What has been found stays found if a later file is a bad one.
  fflush(stdout);
}

}  // namespace

int TestCommand(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(kOptions, words);
  if (!arguments.ok() || arguments->Has("help") || arguments->operands().empty()) {
    const bool help = arguments.ok() && arguments->Has("help");
    if (!arguments.ok()) {
      fprintf(stderr, "tallybell test: %s\n", std::string(arguments.status().message()).c_str());
    }
    fprintf(help ? stdout : stderr,
            "tallybell test [options] FILE...\n\n"
            "Runs tests of rules: files that say which lines come when, and which alerts that\n"
            "gives. Exits with 1 if a test fails, with 2 if a file is bad.\n\n%s",
            DescribeOptions(kOptions).c_str());
    return help ? kExitFine : kExitUsage;
  }
  Tally tally;
  for (const std::string& file : arguments->operands()) {
    TestFile(file, arguments->All("run"), &tally);
  }
  printf("%d %s, %d failed\n", tally.tests, tally.tests == 1 ? "test" : "tests", tally.failed);
  if (tally.bad) return kExitUsage;
  if (tally.tests == 0) {
    fprintf(stderr, "tallybell test: no test was run\n");
    return kExitUsage;
  }
  return tally.failed > 0 ? kExitTrouble : kExitFine;
}

}  // namespace tallybell
