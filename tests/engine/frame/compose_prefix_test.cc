// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/compose_prefix.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/frame/envelope.h"
#include "engine/frame/envelope_detector.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// "name: text", or the line itself where it has no prefix.
std::string Taken(absl::string_view line) {
  absl::string_view name;
  return TakeComposePrefix(&line, &name) ? absl::StrCat(name, ": ", line) : std::string(line);
}

TEST(ComposePrefixTest, TakesNameAndBarOffInTheWaysOfBothVersions) {
  EXPECT_EQ(Taken("anka-registry      | I0425 16:22"), "anka-registry: I0425 16:22");
  EXPECT_EQ(Taken("anka-registry-1  | \ttab"), "anka-registry-1: \ttab");
  EXPECT_EQ(Taken("\x1B[36manka-registry-1  | \x1B[0mtext"), "anka-registry-1: text");
  EXPECT_EQ(Taken("\x1B[36;1mweb_1  |\x1B[0m text"), "web_1: text");
  EXPECT_EQ(Taken("web_1  |"), "web_1: ");
  EXPECT_EQ(Taken("web_1  |\r"), "web_1: \r");
}

TEST(ComposePrefixTest, LeavesOtherBarsAlone) {
  for (const char* line : {"2021-03-04 01:42:32.123456 I | etcdmain: up", "I | etcdmain: up",
                           " id | name", "a || b", "a |b", "| a", "", "a", "a ", "two words | x"}) {
    EXPECT_EQ(Taken(line), line);
  }
}

TEST(ComposePrefixTest, TheTimeBehindItIsTakenOffIfItIsARuntimes) {
  std::string scratch;
  const EnvelopedLine stamped =
      Unwrap(EnvelopeKind::kCompose, "web-1  | 2024-05-01T12:30:00.123456789Z text", &scratch);
  EXPECT_EQ(stamped.text, "text");
  EXPECT_EQ(FormatRfc3339(stamped.time), "2024-05-01T12:30:00.123456789Z");
  const EnvelopedLine own =
      Unwrap(EnvelopeKind::kCompose, "web-1  | 2024-05-01T12:30:00.123Z text", &scratch);
  EXPECT_EQ(own.text, "2024-05-01T12:30:00.123Z text");
  EXPECT_EQ(own.time, kNoTime);
}

TEST(ComposePrefixTest, IsFoundWhereTheSameNamesComeAgainAndATableIsNot) {
  EnvelopeDetector compose;
  EnvelopeDetector table;
  EnvelopeDetector logs;
  for (int i = 0; i < 10; ++i) {
    compose.Add(i % 2 == 0 ? "web-1  | a" : "db-1   | b");
    table.Add(absl::StrCat(i, " | a"));
    logs.Add("2020-03-19T21:19:14.763544793-07:00 E0320 04:19:14.763494 a");
  }
  EXPECT_EQ(compose.kind(), EnvelopeKind::kCompose);
  EXPECT_EQ(table.kind(), EnvelopeKind::kNone);
  EXPECT_EQ(logs.kind(), EnvelopeKind::kDockerLogs);
  EnvelopeDetector own;
  for (int i = 0; i < 10; ++i) own.Add("2020-03-19T21:19:14.763Z its own time");
  EXPECT_EQ(own.kind(), EnvelopeKind::kNone);
}

}  // namespace
}  // namespace tallybell
