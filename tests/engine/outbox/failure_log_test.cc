// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/failure_log.h"

#include "gtest/gtest.h"

namespace tallybell {
namespace {

Verdict Of(Verdict::Kind kind, std::string answer, bool unauthorized = false) {
  return {kind, std::move(answer), 0, unauthorized};
}

TEST(FailureLogTest, SaysAFailureOnceAndThatItIsOver) {
  FailureLog log("r");
  TimeNs now = 0;
  const auto note = [&](const Verdict& verdict) {
    now += kMinute;
    return log.Note({verdict}, now);
  };
  EXPECT_FALSE(note(Of(Verdict::Kind::kAccepted, "200")));
  EXPECT_TRUE(note(Of(Verdict::Kind::kRetry, "503")));
  EXPECT_FALSE(note(Of(Verdict::Kind::kRetry, "503")));
  EXPECT_TRUE(note(Of(Verdict::Kind::kRetry, "no connection")));
  EXPECT_TRUE(note(Of(Verdict::Kind::kAccepted, "200")));
  EXPECT_FALSE(note(Of(Verdict::Kind::kAccepted, "200")));
}

TEST(FailureLogTest, RepeatsARefusedKeyOnceAMinuteAtMost) {
  FailureLog log("r");
  int lines = 0;
  for (TimeNs now = 0; now < 10 * kMinute; now += kSecond) {
    lines += log.Note({Of(Verdict::Kind::kRetry, "401", true)}, now);
  }
  EXPECT_EQ(lines, 10);
}

TEST(FailureLogTest, IsNotFloodedByAnswersThatAllDiffer) {
  FailureLog log("r");
  int lines = 0;
  for (TimeNs now = 0; now < kMinute; now += kMillisecond) {
    lines += log.Note({Of(Verdict::Kind::kRejected, std::to_string(now))}, now);
  }
  EXPECT_EQ(lines, 6);
}

}  // namespace
}  // namespace tallybell
