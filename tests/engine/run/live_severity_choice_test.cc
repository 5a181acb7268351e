// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <string>

#include "engine/run/severity_choice.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

GlogFile File(const std::string& program, Severity severity) {
  GlogFile file;
  file.program = program;
  file.severity = severity;
  return file;
}

TEST(SeverityChoiceTest, ReadsTheLowestOfEachProgram) {
  SeverityChoice choice;
  EXPECT_TRUE(choice.Note(File("agent", Severity::kError)));
  EXPECT_TRUE(choice.Reads(File("agent", Severity::kError)));
  EXPECT_TRUE(choice.Note(File("agent", Severity::kInfo)));
  EXPECT_FALSE(choice.Note(File("agent", Severity::kWarning)));
  EXPECT_TRUE(choice.Note(File("controller", Severity::kWarning)));
  EXPECT_FALSE(choice.Reads(File("agent", Severity::kError)));
  EXPECT_TRUE(choice.Reads(File("agent", Severity::kInfo)));
  EXPECT_TRUE(choice.Reads(File("controller", Severity::kWarning)));
  EXPECT_EQ(choice.Reason(File("agent", Severity::kError)),
            "the INFO files of the same program hold its lines too");
}

TEST(SeverityChoiceTest, KnowsOverARestartWhatWasTheLowest) {
  SeverityChoice before;
  before.Note(File("/var/log/agent.\"mac\".root", Severity::kInfo));
  before.Note(File("controller", Severity::kError));
  SeverityChoice after;
  after.Restore(before.Save());
  EXPECT_FALSE(after.Reads(File("/var/log/agent.\"mac\".root", Severity::kError)));
  EXPECT_TRUE(after.Reads(File("controller", Severity::kError)));
  EXPECT_EQ(after.Save(), before.Save());
}

TEST(SeverityChoiceTest, IgnoresAStateThatIsNone) {
  SeverityChoice choice;
  for (const char* state : {"", "{", "{}", "[3]", "[[\"a\"]]", "[[\"a\",\"noise\"]]", "[[1,2]]"}) {
    choice.Restore(state);
  }
  EXPECT_EQ(choice.Save(), "[]");
}

TEST(SeverityChoiceTest, ReadsEveryFileOfProgramsBeyondTheLimit) {
  SeverityChoice choice;
  for (size_t i = 0; i < SeverityChoice::kMaxPrograms; ++i) {
    choice.Note(File(std::to_string(i), Severity::kInfo));
  }
  EXPECT_FALSE(choice.Note(File("more", Severity::kInfo)));
  EXPECT_TRUE(choice.Reads(File("more", Severity::kInfo)));
  EXPECT_TRUE(choice.Reads(File("more", Severity::kError)));
}

}  // namespace
}  // namespace tallybell
