// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/history_routes.h"

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/serve/history_query.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;

constexpr TimeNs kNow = 1'700'000'000 * kSecond;

// Routes before a store that is read at once.
class HistoryRoutesTest : public testing::Test {
 protected:
  void SetUp() override {
    Store::Options options;
    options.path = ":memory:";
    auto store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  void Add(TimeNs time, const std::string& rule, const Labels& labels) {
    Delta delta;
    HistoryRow row;
    row.time = time;
    row.fingerprint = FormatFingerprint(labels.Fingerprint());
    row.kind = "firing";
    row.rule = rule;
    row.labels = FormatLabels(labels);
    row.detail = R"({"value":4,"exact":true,"startsAt":"2023-11-14T22:13:20Z"})";
    delta.history.push_back(std::move(row));
    ASSERT_TRUE(store_->Commit(delta, kNow).ok());
  }

  ServedResponse Ask(HttpFields query, bool refuse = false) {
    const auto read = [&](const Committer::Reader& reader) {
      looks_ = 0;
      while (!refuse && reader(store_.get())) ++looks_;
    };
    const std::vector<HttpRoute> routes = HistoryRoutes(read, &clock_);
    ServedRequest request;
    request.query = std::move(query);
    ServedResponse got;
    routes[0].handler(std::move(request), Responder([&](ServedResponse r) { got = std::move(r); }));
    return got;
  }

  Json Data(HttpFields query) {
    const ServedResponse response = Ask(std::move(query));
    EXPECT_EQ(response.status, 200) << response.body;
    const absl::StatusOr<Json> json = ParseJson(response.body);
    EXPECT_TRUE(json.ok()) << response.body;
    return json.ok() ? (*json)["data"] : Json();
  }

  std::vector<std::string> Rules(HttpFields query) {
    std::vector<std::string> rules;
    const Json data = Data(std::move(query));
    for (const Json& event : data["events"]) rules.push_back(event["alert"]);
    return rules;
  }

  ManualClock clock_{kNow};
  std::unique_ptr<Store> store_;
  int looks_ = 0;
};

TEST_F(HistoryRoutesTest, AnswersTheNewestInTheOrderInWhichTheyWereRecorded) {
  for (int i = 0; i < 5; ++i) Add(kNow + i, absl::StrCat("R", i), {{"host", "a"}});
  EXPECT_THAT(Rules({}), ElementsAre("R0", "R1", "R2", "R3", "R4"));
  const Json data = Data({{"limit", "2"}});
  EXPECT_EQ(data["events"].size(), 2u);
  EXPECT_EQ(data["events"][0]["alert"], "R3");
  EXPECT_THAT(Rules({{"limit", "2"}, {"before", absl::StrCat(data["next"].get<int64_t>())}}),
              ElementsAre("R1", "R2"));
  EXPECT_TRUE(Data({})["next"].is_null());
}

TEST_F(HistoryRoutesTest, AskedForSomeItLeavesOutTheOthers) {
  Add(kNow - kDay, "Old", {{"host", "a"}});
  Add(kNow - kHour, "R", {{"host", "a"}, {"vm", "x=1"}});
  Add(kNow - kHour, "R", {{"host", "b"}});
  Add(kNow - kMinute, "S", {{"host", "a"}});
  EXPECT_EQ(Rules({{"rule", "R"}}).size(), 2u);
  EXPECT_THAT(Rules({{"group", "host=a"}, {"since", "12h"}}), ElementsAre("R", "S"));
  EXPECT_THAT(Rules({{"group", "vm=x=1"}}), ElementsAre("R"));
  EXPECT_THAT(Rules({{"group", "vm="}, {"group", "host=a"}}), ElementsAre("Old", "S"));
  EXPECT_THAT(Rules({{"until", FormatRfc3339(kNow - 2 * kHour)}}), ElementsAre("Old"));
}

TEST_F(HistoryRoutesTest, WhatNobodyKnowsIsRefused) {
  for (const HttpFields& wrong : std::vector<HttpFields>{{{"group", "host"}},
                                                         {{"group", "1=2"}},
                                                         {{"since", "soon"}},
                                                         {{"limit", "0"}},
                                                         {{"limit", "10001"}},
                                                         {{"limit", "x"}},
                                                         {{"before", "-1"}},
                                                         {{"until", ""}},
                                                         {{"nothing", "1"}}}) {
    EXPECT_EQ(Ask(wrong).status, 400) << wrong[0].first << "=" << wrong[0].second;
  }
}

TEST_F(HistoryRoutesTest, SaysSoWhereNobodyMayRead) {
  EXPECT_EQ(Ask({}, /*refuse=*/true).status, 503);
}

// A committer that reads never looks at more than a page; the pages together are all of it.
TEST_F(HistoryRoutesTest, ManyRowsAreReadInStretchesAndEachEventComesOnce) {
  const unsigned seed = 7;
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  std::vector<std::string> all;
  std::vector<std::string> of_a;
  Delta delta;
  for (int i = 0; i < 1'500; ++i) {
    HistoryRow row = {kNow, "f", "firing", absl::StrCat("R", i), "", "{}"};
    row.labels = random() % 3 == 0 ? R"({host="a"})" : R"({host="b"})";
    all.push_back(row.rule);
    if (row.labels == R"({host="a"})") of_a.push_back(row.rule);
    delta.history.push_back(std::move(row));
  }
  ASSERT_TRUE(store_->Commit(delta, kNow).ok());
  EXPECT_EQ(Rules({{"limit", "10000"}}), all);
  EXPECT_GT(looks_, 3);
  EXPECT_EQ(Rules({{"limit", "10000"}, {"group", "host=a"}}), of_a);
  std::vector<std::string> paged;
  HttpFields query = {{"limit", "37"}, {"group", "host=a"}};
  for (;;) {
    const Json data = Data(query);
    std::vector<std::string> page;
    for (const Json& event : data["events"]) page.push_back(event["alert"]);
    paged.insert(paged.begin(), page.begin(), page.end());
    if (data["next"].is_null()) break;
    query.resize(2);
    query.emplace_back("before", absl::StrCat(data["next"].get<int64_t>()));
  }
  EXPECT_EQ(paged, of_a);
}

TEST(HistoryQueryTest, WhatAClientAsksForIsWhatTheServerReads) {
  HistoryQuery query;
  query.rule = "A B&c";
  query.group = {{"host", "a=b&%/\xc3\xa4"}, {"vm", ""}};
  query.since = kNow - kHour;
  query.until = kNow;
  query.limit = 12;
  query.before = 99;
  EXPECT_EQ(HistoryPath(query),
            "/api/v1/history?limit=12&rule=A%20B%26c&group=host%3Da%3Db%26%25%2F%C3%A4&group=vm%3D"
            "&since=2023-11-14T21%3A13%3A20.000000000Z"
            "&until=2023-11-14T22%3A13%3A20.000000000Z&before=99");
  const auto read = ReadHistoryQuery({{"limit", "12"},
                                      {"rule", query.rule},
                                      {"group", "host=a=b&%/\xc3\xa4"},
                                      {"group", "vm="},
                                      {"since", FormatRfc3339(query.since)},
                                      {"until", FormatRfc3339(query.until)},
                                      {"before", "99"}},
                                     kNow);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(HistoryPath(*read), HistoryPath(query));
}

TEST(HistoryEventTest, AnObjectReadBackIsTheSameObject) {
  std::vector<HistoryRow> rows;
  rows.push_back({kNow + 1, "00ff", "firing", "R", R"({a="x\"y\\z\n", b="c"})",
                  R"({"value":4,"exact":false,"startsAt":"2023-11-14T22:13:20.5Z"})"});
  rows.push_back({kNow, "00ff", "nearest", "R", "{}", R"({"value":3,"exact":true,"enough":4})"});
  rows.push_back({kNow, "00ff", "told", "R", "{}",
                  R"({"receiver":"am","state":"resolved","startsAt":"2023-11-14T22:13:20Z",)"
                  R"("answer":"200","offeredAt":"2023-11-14T22:13:21Z","attempts":2})"});
  rows.push_back({kNow, "00ff", "held", "R", "{}",
                  R"({"receiver":"am","state":"resolved","startsAt":"2023-11-14T22:13:20Z",)"
                  R"("answer":"min_firing","until":"2023-11-14T22:13:21Z"})"});
  for (const HistoryRow& row : rows) {
    const Json json = HistoryEventJson(ReadHistoryEvent(row));
    EXPECT_EQ(DumpJson(HistoryEventJson(HistoryEventOf(json))), DumpJson(json));
  }
  // Whatever it is that answers.
  for (const char* odd : {"null", "[]", "{}", R"({"event":"told","labels":[1],"time":7})"}) {
    HistoryEventOf(*ParseJson(odd));
  }
}

}  // namespace
}  // namespace tallybell
