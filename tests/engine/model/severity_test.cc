// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/severity.h"

#include <string>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(SeverityTest, TheWordsOfEachFormatMapOntoOurs) {
  const struct {
    const char* word;
    Severity severity;
  } kTable[] = {
      // glog and klog
      {"I", Severity::kInfo},
      {"W", Severity::kWarning},
      {"E", Severity::kError},
      {"F", Severity::kFatal},
      // capnslog: critical, notice, debug, trace
      {"C", Severity::kFatal},
      {"N", Severity::kInfo},
      {"D", Severity::kDebug},
      {"T", Severity::kDebug},
      // zap, logrus, slog
      {"debug", Severity::kDebug},
      {"trace", Severity::kDebug},
      {"info", Severity::kInfo},
      {"warn", Severity::kWarning},
      {"warning", Severity::kWarning},
      {"error", Severity::kError},
      {"dpanic", Severity::kFatal},
      {"panic", Severity::kFatal},
      {"fatal", Severity::kFatal},
      // syslog
      {"emerg", Severity::kFatal},
      {"alert", Severity::kFatal},
      {"crit", Severity::kFatal},
      {"err", Severity::kError},
      {"notice", Severity::kInfo},
      {"emergency", Severity::kFatal},
      {"critical", Severity::kFatal},
      {"informational", Severity::kInfo},
      // .NET and Java
      {"Information", Severity::kInfo},
      {"Verbose", Severity::kDebug},
      {"FINEST", Severity::kDebug},
      {"FINER", Severity::kDebug},
      {"FINE", Severity::kDebug},
      {"SEVERE", Severity::kError},
  };
  for (const auto& row : kTable) {
    EXPECT_EQ(SeverityFromWord(row.word), row.severity) << row.word;
  }
}

TEST(SeverityTest, TheCaseOfAWordDoesNotMatter) {
  EXPECT_EQ(SeverityFromWord("ERROR"), Severity::kError);
  EXPECT_EQ(SeverityFromWord("Warning"), Severity::kWarning);
  EXPECT_EQ(SeverityFromWord("i"), Severity::kInfo);
}

TEST(SeverityTest, AnyOtherWordIsUnknown) {
  static constexpr absl::string_view kOthers[] = {
      "",         " ",      "X", "infos", "warn ", "5", "\xff", "unknown", "informations",
      {"\0i", 2}, {"\0", 1}};
  for (const absl::string_view word : kOthers) {
    EXPECT_EQ(SeverityFromWord(word), Severity::kUnknown) << word;
  }
}

TEST(SeverityTest, EachHasANameThatIsReadBack) {
  for (const Severity severity : {Severity::kDebug, Severity::kInfo, Severity::kWarning,
                                  Severity::kError, Severity::kFatal, Severity::kUnknown}) {
    EXPECT_EQ(SeverityFromWord(SeverityName(severity)), severity);
  }
}

TEST(SeverityTest, GraverIsGreater) {
  EXPECT_LT(Severity::kDebug, Severity::kInfo);
  EXPECT_LT(Severity::kInfo, Severity::kWarning);
  EXPECT_LT(Severity::kWarning, Severity::kError);
  EXPECT_LT(Severity::kError, Severity::kFatal);
}

}  // namespace
}  // namespace tallybell
