// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/stdout.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "absl/strings/str_split.h"
#include "engine/base/json_text.h"
#include "engine/base/unique_fd.h"
#include "gtest/gtest.h"
#include "tests/sinks/sample_alert.h"

namespace tallybell {
namespace {

using Kind = Verdict::Kind;

class StdoutTest : public ::testing::Test {
 protected:
  StdoutTest() {
    std::signal(SIGPIPE, SIG_IGN);
    int fds[2];
    EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
    read_ = UniqueFd(fds[0]);
    write_ = UniqueFd(fds[1]);
    fcntl(read_.get(), F_SETFL, O_NONBLOCK);
  }
  std::string ReadAll() {
    std::string text;
    char chunk[65536];
    for (ssize_t n; (n = read(read_.get(), chunk, sizeof chunk)) > 0;) text.append(chunk, n);
    return text;
  }
  UniqueFd read_;
  UniqueFd write_;
};

TEST_F(StdoutTest, WritesOneObjectALine) {
  StdoutSink sink(write_.get());
  std::vector<Alert> alerts = {SampleAlert(), SampleAlert()};
  alerts[1].ends_at = kSampleStart + kMinute;
  for (const Alert& alert : alerts) {
    const std::vector<Notice> notices = {{&alert, 4, true}};
    EXPECT_EQ(sink.Send(notices, 0).at(0).kind, Kind::kAccepted);
  }
  const std::vector<std::string> lines = absl::StrSplit(ReadAll(), '\n');
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[2], "");
  EXPECT_EQ(lines[0],
            R"({"time":"2024-05-01T12:32:30.426698000Z","alert":"AnkaVmStartFailing",)"
            R"("group":"anka-node","state":"firing","value":4,"exact":true,"labels":)"
            R"({"alertname":"AnkaVmStartFailing","host":"mac1","severity":"warning"},)"
            R"("annotations":{"summary":"it failed","runbook":"https://example.com/run"},)"
            R"("startsAt":"2024-05-01T12:32:30.426698000Z","endsAt":null,"fingerprint":")" +
                FormatFingerprint(SampleAlert().Fingerprint()) +
                R"(","evidence":[{"source":"a.log","offset":1,"line":"E one"},)"
                R"({"source":"a.log","offset":9,"line":"E two"}]})");
  const Json end = ParseJson(lines[1]).value();
  EXPECT_EQ(end["state"], "resolved");
  EXPECT_EQ(end["time"], "2024-05-01T12:33:30.426698000Z");
}

TEST_F(StdoutTest, GivesUpOnAReaderThatDoesNotReadAndLosesNothingWhenItDoes) {
  StdoutSink sink(write_.get(), 100 * kMillisecond);
  Alert alert = SampleAlert();
  alert.annotations = {{"summary", std::string(10000, 'x')}};
  const std::vector<Notice> notices = {{&alert, 4, true}};
  int told = 0;
  while (sink.Send(notices, 0).at(0).kind == Kind::kAccepted) ++told;
  EXPECT_GT(told, 0);
  std::string text = ReadAll();
  ASSERT_EQ(sink.Send(notices, 0).at(0).kind, Kind::kAccepted);
  ++told;
  text += ReadAll();
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  ASSERT_EQ(lines.size(), static_cast<size_t>(told) + 1);
  for (int i = 0; i < told; ++i) EXPECT_TRUE(ParseJson(lines[i]).ok());
}

TEST_F(StdoutTest, SurvivesAReaderThatHasGone) {
  StdoutSink sink(write_.get());
  read_.Reset();
  const Alert alert = SampleAlert();
  const std::vector<Notice> notices = {{&alert, 4, true}};
  EXPECT_EQ(sink.Send(notices, 0).at(0).kind, Kind::kRetry);
}

}  // namespace
}  // namespace tallybell
