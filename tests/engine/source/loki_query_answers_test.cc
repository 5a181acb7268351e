// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What a Loki is asked after each kind of answer.

#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/base/clock.h"
#include "engine/source/loki_query.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/scripted_receiver.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;

constexpr TimeNs kFrom = 1'700'000'000 * kSecond;

// Values of one stream, "<ns>" after kFrom each.
std::string Lines(const std::vector<int>& offsets) {
  std::vector<std::string> values;
  for (const int offset : offsets) {
    values.push_back(absl::StrCat("[\"", kFrom + offset, "\",\"line\",{}]"));
  }
  return absl::StrCat(
      R"({"status":"success","data":{"resultType":"streams","encodingFlags":["categorize-labels"],)",
      R"("result":[{"stream":{"job":"a"},"values":[)", absl::StrJoin(values, ","),
      R"(]}],"stats":{}}})");
}

const char* const kNothing =
    R"({"status":"success","data":{"resultType":"streams","result":[],"stats":{}}})";

// The number behind `name=` in a request's target.
int64_t Asked(const ScriptedReceiver::Request& request, const std::string& name) {
  for (const absl::string_view part : absl::StrSplit(request.target, absl::ByAnyChar("?&"))) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (pair.first == name) return std::stoll(pair.second);
  }
  return -1;
}

class LokiQueryAnswersTest : public ::testing::Test {
 protected:
  using Steps = std::vector<ScriptedReceiver::Step>;

  void Serve(Steps steps, int page = 4) {
    std::signal(SIGPIPE, SIG_IGN);
    server_ = std::make_unique<ScriptedReceiver>(std::move(steps));
    LokiQuery::Options options;
    options.target.http.base = ParseUrl(server_->url()).value();
    options.target.query = "{job=\"a\"}";
    options.page = page;
    query_ = LokiQuery::Create(options, &clock_).value();
  }
  absl::StatusOr<LokiPage> Read(DurationNs span = kMinute) {
    return query_->Read(kFrom, kFrom + span);
  }
  static ScriptedReceiver::Step Answer(int status, absl::string_view body,
                                       absl::string_view headers = "") {
    return ScriptedReceiver::Answer(status, body, headers);
  }

  std::unique_ptr<ScriptedReceiver> server_;
  SystemClock clock_;
  std::unique_ptr<LokiQuery> query_;
};

TEST_F(LokiQueryAnswersTest, AsksForwardForAPageAndForLabelsApartFromTheRest) {
  Serve({Answer(200, kNothing)}, 5000);
  const LokiPage page = Read().value();
  EXPECT_TRUE(page.entries.entries.empty());
  EXPECT_EQ(page.complete_to, kFrom + kMinute);
  const ScriptedReceiver::Request request = server_->requests().at(0);
  EXPECT_EQ(request.target,
            absl::StrCat("/loki/api/v1/query_range?query=%7Bjob%3D%22a%22%7D&start=", kFrom,
                         "&limit=5000&end=", kFrom + kMinute, "&direction=forward"));
  EXPECT_THAT(request.head, HasSubstr("X-Loki-Response-Encoding-Flags: categorize-labels\r\n"));
}

TEST_F(LokiQueryAnswersTest, TheLastTimeOfAFullPageIsReadAgain) {
  Serve({Answer(200, Lines({1, 2, 3, 3}))});
  const LokiPage page = Read().value();
  EXPECT_EQ(page.entries.entries.size(), 2u);
  EXPECT_EQ(page.complete_to, kFrom + 3);
}

TEST_F(LokiQueryAnswersTest, APageThatIsNotFullIsWholeThoughItsLastLinesShareATime) {
  Serve({Answer(200, Lines({1, 3, 3}))});
  const LokiPage page = Read().value();
  EXPECT_EQ(page.entries.entries.size(), 3u);
  EXPECT_EQ(page.complete_to, kFrom + kMinute);
}

TEST_F(LokiQueryAnswersTest, AFullPageOfOneTimeIsAskedForAsThatTime) {
  Serve({Answer(200, Lines({0, 0, 0, 0})), Answer(200, Lines({0, 0, 0, 0, 0, 0}))});
  const LokiPage page = Read().value();
  EXPECT_EQ(page.entries.entries.size(), 6u);
  EXPECT_EQ(page.complete_to, kFrom + 1);
  const ScriptedReceiver::Request second = server_->requests().at(1);
  EXPECT_EQ(Asked(second, "end"), kFrom + 1);
  EXPECT_EQ(Asked(second, "limit"), 5000);
}

TEST_F(LokiQueryAnswersTest, WhereTheServerGivesFewerFewerAreAskedForFromThenOn) {
  Serve({Answer(400,
                "max entries limit per query exceeded, limit > max_entries_limit_per_query "
                "(5000 > 2000)\n"),
         Answer(400,
                "max entries limit per query exceeded, limit > max_entries_limit_per_query "
                "(2500 > 2000)\n"),
         Answer(200, kNothing)},
        5000);
  EXPECT_TRUE(Read().ok());
  EXPECT_TRUE(Read().ok());
  std::vector<int64_t> limits;
  for (const auto& request : server_->requests()) limits.push_back(Asked(request, "limit"));
  EXPECT_EQ(limits, (std::vector<int64_t>{5000, 2500, 1250, 1250}));
}

TEST_F(LokiQueryAnswersTest, WhatIsTooMuchIsAskedForInPartsAndThenCarefullyInMore) {
  Serve({Answer(500, "rpc error: code = ResourceExhausted desc = grpc: received message larger\n"),
         Answer(400, "the query would read too many bytes (query: 5.1GB, limit: 4GB)\n"),
         Answer(504, "context deadline exceeded\n"), Answer(200, kNothing)},
        4096);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(absl::IsResourceExhausted(Read(kHour).status()));
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(Read(kHour).ok());
  std::vector<int64_t> limits, minutes;
  for (const auto& request : server_->requests()) {
    limits.push_back(Asked(request, "limit"));
    minutes.push_back((Asked(request, "end") - Asked(request, "start")) / kMinute);
  }
  EXPECT_EQ(limits, (std::vector<int64_t>{4096, 2048, 1024, 512, 1024, 2048, 2177, 2314, 2459}));
  EXPECT_EQ(minutes, (std::vector<int64_t>{60, 30, 15, 7, 15, 30, 33, 37, 42}));
}

TEST_F(LokiQueryAnswersTest, AServerThatIsAwayOrBusyIsAskedTheSameAgain) {
  Serve({Answer(503, "Ingester not ready: waiting for 15s after being ready\n"),
         Answer(429, "too many outstanding requests\n"), Answer(502, "bad gateway\n"),
         Answer(200, kNothing)},
        4096);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(absl::IsUnavailable(Read().status()));
  EXPECT_TRUE(Read().ok());
  for (const auto& request : server_->requests()) EXPECT_EQ(Asked(request, "limit"), 4096);
}

TEST_F(LokiQueryAnswersTest, HowLongToLeaveItAloneIsHeard) {
  Serve({Answer(429, "slow down\n", "Retry-After: 7\r\n"), Answer(503, "starting\n"),
         Answer(200, kNothing)});
  EXPECT_FALSE(Read().ok());
  EXPECT_EQ(query_->asked_to_wait(), 7 * kSecond);
  EXPECT_FALSE(Read().ok());
  EXPECT_EQ(query_->asked_to_wait(), 0);
  EXPECT_TRUE(Read().ok());
  EXPECT_EQ(query_->asked_to_wait(), 0);
}

TEST_F(LokiQueryAnswersTest, WhatAPersonMustMendIsToldInTheServersWords) {
  Serve({Answer(401, "no org id\n"), Answer(400, "parse error at line 1, col 9: syntax error\n"),
         Answer(302, "", "Location: http://127.0.0.1:1/\r\n"), Answer(404, "404 page not found\n"),
         Answer(200, Lines({1, -1})), Answer(200, "<html>")});
  EXPECT_EQ(Read().status(), absl::UnauthenticatedError("it answered 401: no org id"));
  EXPECT_EQ(Read().status(), absl::FailedPreconditionError(
                                 "it answered 400: parse error at line 1, col 9: syntax error"));
  EXPECT_TRUE(absl::IsFailedPrecondition(Read().status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(Read().status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Read().status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Read().status()));
}

}  // namespace
}  // namespace tallybell
