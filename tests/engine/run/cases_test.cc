// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Every test of tests/cases is a test here: what the semantics say, as data.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include "engine/run/rule_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

struct Case {
  std::string file;  // without its directory and ending
  RuleTest test;
};

std::vector<Case> LoadCases(Diagnostics* diagnostics) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(TALLYBELL_SOURCE_DIR "/tests/cases")) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Case> cases;
  for (const std::filesystem::path& path : paths) {
    std::ifstream in(path);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    for (RuleTest& test : LoadRuleTests(path.string(), text, diagnostics)) {
      cases.push_back({path.stem().string(), std::move(test)});
    }
  }
  return cases;
}

std::vector<Case> WholeCases() {
  Diagnostics diagnostics;
  std::vector<Case> cases = LoadCases(&diagnostics);
  if (diagnostics.HasErrors()) cases.clear();
  return cases;
}

TEST(CaseFilesTest, AreReadWithoutAFault) {
  Diagnostics diagnostics;
  const std::vector<Case> cases = LoadCases(&diagnostics);
  EXPECT_EQ(diagnostics.ToString(), "");
  EXPECT_GE(cases.size(), 40u);
}

// "The fourth match rings" of timeline.yaml is Timeline_TheFourthMatchRings.
std::string NameOf(const Case& a_case) {
  std::string name;
  bool begins = true;
  for (const char c : a_case.file + "_" + a_case.test.name) {
    if (c == '_' && a_case.file.find('_') == std::string::npos) name.push_back('_');
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
      begins = true;
      continue;
    }
    name.push_back(begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c);
    begins = false;
  }
  return name;
}

void PrintTo(const Case& a_case, std::ostream* out) { *out << a_case.file; }

class CasesTest : public ::testing::TestWithParam<Case> {};

TEST_P(CasesTest, Holds) {
  const RuleTestResult result = RunRuleTest(GetParam().test);
  EXPECT_TRUE(result.passed) << GetParam().test.place.file << ":" << GetParam().test.place.line
                             << ": " << GetParam().test.name << "\n"
                             << result.report;
}

INSTANTIATE_TEST_SUITE_P(Cases, CasesTest, ::testing::ValuesIn(WholeCases()),
                         [](const auto& a_case) { return NameOf(a_case.param); });

}  // namespace
}  // namespace tallybell
