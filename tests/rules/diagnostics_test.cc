// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/diagnostics.h"

#include "gtest/gtest.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

TEST(DiagnosticsTest, WritesOneLineEach) {
  Diagnostics diagnostics;
  diagnostics.Add({Diagnostic::Kind::kError,
                   {"r.yaml", 14, 9},
                   "group a > alert B > when",
                   "it is wrong",
                   "mend it"});
  diagnostics.Add({Diagnostic::Kind::kWarning, {"r.yaml", 0, 0}, "", "it is odd", ""});
  EXPECT_EQ(diagnostics.ToString(),
            "r.yaml:14:9: error: group a > alert B > when: it is wrong (mend it)\n"
            "r.yaml: warning: it is odd\n");
}

TEST(DiagnosticsTest, LetsNoTextBeginALineOrReachTheTerminal) {
  Diagnostics diagnostics;
  diagnostics.Add({Diagnostic::Kind::kError, {"a\nb", 1, 1}, "c\x1b[31m", "d\re", "f\x7f"});
  EXPECT_EQ(diagnostics.ToString(), "a\\nb:1:1: error: c\\x1b[31m: d\\x0de (f\\x7f)\n");
}

TEST(DiagnosticsTest, HasErrorsOnlyIfThereIsOne) {
  Diagnostics diagnostics;
  EXPECT_FALSE(diagnostics.HasErrors());
  diagnostics.Add({Diagnostic::Kind::kWarning, {}, "", "", ""});
  EXPECT_FALSE(diagnostics.HasErrors());
  diagnostics.Add({Diagnostic::Kind::kError, {}, "", "", ""});
  EXPECT_TRUE(diagnostics.HasErrors());
}

TEST(NearestWordTest, FindsTheSlipOfAFinger) {
  const std::vector<std::string> words = {"match", "exclude", "when", "where", "labels"};
  EXPECT_EQ(NearestWord("mach", words), "match");
  EXPECT_EQ(NearestWord("amtch", words), "match");
  EXPECT_EQ(NearestWord("excludes", words), "exclude");
  EXPECT_EQ(NearestWord("lables", words), "labels");
  EXPECT_EQ(NearestWord("wher", words), "where");
  EXPECT_EQ(NearestWord("annotations", words), "");
  EXPECT_EQ(NearestWord("", words), "");
  EXPECT_EQ(NearestWord(std::string(100'000, 'x'), words), "");
}

TEST(TextFaultTest, CarriesItsPlaceAndAdvice) {
  const absl::Status fault = MoveTextFault(TextFault(3, "bad", "better"), 10);
  EXPECT_EQ(fault.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(fault.message(), "bad");
  EXPECT_EQ(TextFaultOffset(fault), 13u);
  EXPECT_EQ(TextFaultAdvice(fault), "better");
  EXPECT_EQ(TextFaultOffset(absl::InvalidArgumentError("x")), 0u);
}

}  // namespace
}  // namespace tallybell
