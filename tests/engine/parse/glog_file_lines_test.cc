// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/glog_file_lines.h"

#include "gtest/gtest.h"

namespace tallybell {
namespace {

using Kind = GlogFileLine::Kind;

TEST(GlogFileLinesTest, ReadsWhenAFileWasCreated) {
  GlogFileLine line;
  ASSERT_TRUE(ParseGlogFileLine("Log file created at: 2021/03/04 01:42:32", &line));
  EXPECT_EQ(line.kind, Kind::kCreated);
  EXPECT_EQ(line.created.year, 2021);
  EXPECT_EQ(line.created.month, 3);
  EXPECT_EQ(line.created.day, 4);
  EXPECT_EQ(line.created.hour, 1);
  EXPECT_EQ(line.created.minute, 42);
  EXPECT_EQ(line.created.second, 32);
  EXPECT_FALSE(line.created.has_zone);
  ASSERT_TRUE(ParseGlogFileLine("Log file created at: 2021/03/04 01:42:32 UTC", &line));
  EXPECT_TRUE(line.created.has_zone);
}

TEST(GlogFileLinesTest, ReadsTheHostAndWhetherDatesHaveAYear) {
  GlogFileLine line;
  ASSERT_TRUE(ParseGlogFileLine("Running on machine: Mac-mini", &line));
  EXPECT_EQ(line.host, "Mac-mini");
  ASSERT_TRUE(ParseGlogFileLine(
      "Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg", &line));
  EXPECT_FALSE(line.year_in_prefix);
  ASSERT_TRUE(ParseGlogFileLine(
      "Log line format: [IWEF]yyyymmdd hh:mm:ss.uuuuuu threadid file:line] msg", &line));
  EXPECT_TRUE(line.year_in_prefix);
}

TEST(GlogFileLinesTest, KnowsTheOtherLinesOfAFile) {
  GlogFileLine line;
  ASSERT_TRUE(ParseGlogFileLine("Binary: Built with gc go1.14.3 for darwin/amd64", &line));
  EXPECT_EQ(line.kind, Kind::kBinary);
  ASSERT_TRUE(ParseGlogFileLine("Running duration (h:mm:ss): 0:00:00", &line));
  EXPECT_EQ(line.kind, Kind::kDuration);
  ASSERT_TRUE(ParseGlogFileLine("Previous log: <none>", &line));
  EXPECT_EQ(line.kind, Kind::kPreviousLog);
  ASSERT_TRUE(ParseGlogFileLine("Next log: /var/log/a.log.INFO.20261121-080122.20782", &line));
  EXPECT_EQ(line.kind, Kind::kNextLog);
  EXPECT_EQ(line.path, "/var/log/a.log.INFO.20261121-080122.20782");
  ASSERT_TRUE(ParseGlogFileLine("CONTINUED IN NEXT FILE", &line));
  EXPECT_EQ(line.kind, Kind::kContinued);
}

TEST(GlogFileLinesTest, LeavesOtherLinesAlone) {
  GlogFileLine line;
  for (const absl::string_view text :
       {"", "L", "Log file created at: yesterday", "Log file created at: 2021/13/04 01:42:32",
        "Log file created at: 2021/03/04 01:42:32 or so", "Running", "Binary data follows",
        "CONTINUED IN NEXT FILE?", "I0304 01:42:32.983766 1280 a.go:34] Running on machine: x"}) {
    EXPECT_FALSE(ParseGlogFileLine(text, &line)) << text;
  }
}

TEST(GlogFileNameTest, SaysProgramHostUserSeverityTimeAndProcess) {
  GlogFileName name;
  ASSERT_TRUE(ParseGlogFileName(
      "/var/log/veertu/anka_agent.Mac-mini.root.log.ERROR.20210304-013843.1221", &name));
  EXPECT_EQ(name.program, "anka_agent");
  EXPECT_EQ(name.host, "Mac-mini");
  EXPECT_EQ(name.user, "root");
  EXPECT_EQ(name.severity, Severity::kError);
  EXPECT_EQ(name.created.year, 2021);
  EXPECT_EQ(name.created.second, 43);
  EXPECT_EQ(name.pid, "1221");
}

TEST(GlogFileNameTest, AProgramMayHaveDots) {
  GlogFileName name;
  ASSERT_TRUE(ParseGlogFileName("my.prog.exe.h.u.log.INFO.20210304-013843.1", &name));
  EXPECT_EQ(name.program, "my.prog.exe");
  EXPECT_EQ(name.host, "h");
}

TEST(GlogFileNameTest, RefusesOtherNames) {
  GlogFileName name;
  for (const absl::string_view path :
       {"", "anka_agent.INFO", "/a/b/", "p.h.u.log.INFO.20210304-013843.",
        "p.h.u.log.INFO.20210304-013843.1x", "p.h.u.log.NOTICE.20210304-013843.1",
        "p.h.u.txt.INFO.20210304-013843.1", "p.h.u.log.INFO.20211304-013843.1",
        "p.h.u.log.INFO.20210304-013843.1.gz", "h.u.log.INFO.20210304-013843.1"}) {
    EXPECT_FALSE(ParseGlogFileName(path, &name)) << path;
  }
}

}  // namespace
}  // namespace tallybell
