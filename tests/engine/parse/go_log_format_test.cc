// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/go_log_format.h"

#include "gtest/gtest.h"
#include "tests/engine/parse/described_line.h"

namespace tallybell {
namespace {

std::string Read(absl::string_view text) { return DescribedLine("go", text); }

TEST(GoLogFormatTest, ALineOfTheStandardLoggerStatesNoSeverity) {
  EXPECT_EQ(Read("2022/04/25 16:22:44 listening on :8089"),
            "go unknown 2022-04-25 16:22:44.000000000 | message=listening on :8089");
  EXPECT_EQ(Read("2022/04/25 16:22:44.123456 x"),
            "go unknown 2022-04-25 16:22:44.123456000 | message=x");
  EXPECT_EQ(Read("2022/04/25 16:22:44"), "go unknown 2022-04-25 16:22:44.000000000 | message=");
}

TEST(GoLogFormatTest, APanicOfAHandlerIsAnError) {
  EXPECT_EQ(Read("2022/04/25 16:22:44 http: panic serving 10.254.55.5:43736: runtime error: x"),
            "go error 2022-04-25 16:22:44.000000000 | "
            "message=http: panic serving 10.254.55.5:43736: runtime error: x");
}

TEST(GoLogFormatTest, TheSeverityStandsBeforeOrAfterTheStamp) {
  EXPECT_EQ(Read("raft2026/11/21 07:57:29 INFO: 69b38ac7138de88d became leader at term 2"),
            "go info 2026-11-21 07:57:29.000000000 | "
            "message=69b38ac7138de88d became leader at term 2");
  EXPECT_EQ(Read("WARNING: 2026/11/21 07:57:40 [core] grpc: createTransport failed"),
            "go warning 2026-11-21 07:57:40.000000000 | "
            "message=[core] grpc: createTransport failed");
  EXPECT_EQ(Read("2022/04/25 16:22:44 [error] 31#31: *1 open() failed"),
            "go error 2022-04-25 16:22:44.000000000 | message=31#31: *1 open() failed");
  EXPECT_EQ(Read("2022/04/25 16:22:44 [WARN] raft: heartbeat timeout"),
            "go warning 2022-04-25 16:22:44.000000000 | message=raft: heartbeat timeout");
  EXPECT_EQ(Read("2022/04/25 16:22:44 [core] x"),
            "go unknown 2022-04-25 16:22:44.000000000 | message=[core] x");
}

TEST(GoLogFormatTest, ReadsTheCaller) {
  EXPECT_EQ(Read("2022/04/25 16:22:44 main.go:23: ERROR: boom"),
            "go error 2022-04-25 16:22:44.000000000 | file=main.go line=23 caller=main.go:23 "
            "message=boom");
  EXPECT_EQ(Read("2022/04/25 16:22:44 localhost:80: refused"),
            "go unknown 2022-04-25 16:22:44.000000000 | message=localhost:80: refused");
}

TEST(GoLogFormatTest, APanicOfTheProgramIsFatalAndStatesNoTime) {
  EXPECT_EQ(Read("panic: pgid (8388923) above high water mark (3340)"),
            "go fatal | message=panic: pgid (8388923) above high water mark (3340)");
  EXPECT_EQ(Read("fatal error: all goroutines are asleep - deadlock!"),
            "go fatal | message=fatal error: all goroutines are asleep - deadlock!");
  EXPECT_EQ(Read("[signal SIGSEGV: segmentation violation]"), "no header");
  EXPECT_EQ(Read("panic({0x10d51c0, 0x1928040})"), "no header");
  EXPECT_EQ(Read("\tpanic: again"), "no header");
}

TEST(GoLogFormatTest, RefusesWhatOnlyLooksLikeAHeader) {
  for (const absl::string_view text :
       {"", "2022/04/25", "2022/04/25 16:22", "2022-04-25 16:22:44 x", "2022/04/25T16:22:44 x",
        "2022/04/25 16:22:44x", "2022/04/25 16:22:44+02:00 x", "2022/13/25 16:22:44 x",
        "etcd2022/04/25 16:22:44 x", "Warning: 2022/04/25 16:22:44 x",
        "WARNING:2022/04/25 16:22:44 x", "WARNING: something is odd", "WARNING: raft2022/04/25",
        "2022/02/30 16:22:44 x", "INFO: raft2022/04/25 16:22:44 x"}) {
    EXPECT_EQ(Read(text), "no header") << text;
  }
}

}  // namespace
}  // namespace tallybell
