// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/outbox_routes.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/json_text.h"
#include "engine/serve/untold_json.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// Routes before an outbox without receivers; what waits in a real one is looked at by the tests of
// the binary.
class OutboxRoutesTest : public testing::Test {
 protected:
  ServedResponse Ask(const std::string& method, const std::string& path, HttpFields query) {
    const auto run = [this](const std::function<void()>& work) {
      if (!busy_) work();
      return !busy_;
    };
    for (const HttpRoute& route : OutboxRoutes(run, access_)) {
      if (route.method != method || route.path != path) continue;
      ServedRequest request;
      request.query = std::move(query);
      ServedResponse got;
      route.handler(std::move(request), Responder([&](ServedResponse r) { got = std::move(r); }));
      return got;
    }
    return ServedResponse();
  }

  ManualClock clock_{kSecond};
  Metrics metrics_;
  Outbox outbox_{Outbox::Options(), {}, &clock_, &metrics_, [](Delta) {}};
  std::shared_ptr<OutboxAccess> access_ = std::make_shared<OutboxAccess>(&outbox_);
  bool busy_ = false;
};

TEST_F(OutboxRoutesTest, ListsWhatThereIsAndHowMuch) {
  const ServedResponse response = Ask("GET", "/api/v1/outbox", {});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"status":"success","data":{"untold":[],"total":0}})");
}

TEST_F(OutboxRoutesTest, SaysWhatItCannotDo) {
  EXPECT_EQ(Ask("GET", "/api/v1/outbox", {{"limit", "0"}}).status, 400);
  EXPECT_EQ(Ask("GET", "/api/v1/outbox", {{"limit", "-1"}}).status, 400);
  EXPECT_EQ(Ask("POST", "/api/v1/outbox/retry", {}).status, 400);
  EXPECT_EQ(Ask("POST", "/api/v1/outbox/retry", {{"all", "false"}}).status, 400);
  EXPECT_EQ(Ask("POST", "/api/v1/outbox/retry", {{"id", "0123456789ab"}}).status, 404);
  EXPECT_EQ(Ask("POST", "/api/v1/outbox/retry", {{"all", "true"}}).status, 200);
  EXPECT_EQ(Ask("DELETE", "/api/v1/outbox", {}).status, 400);
  EXPECT_EQ(Ask("DELETE", "/api/v1/outbox", {{"id", "no"}}).status, 404);
}

TEST_F(OutboxRoutesTest, AnOutboxThatWasStoppedIsNotTouched) {
  access_->Close();
  EXPECT_EQ(Ask("GET", "/api/v1/outbox", {}).status, 503);
  EXPECT_EQ(Ask("DELETE", "/api/v1/outbox", {{"id", "no"}}).status, 503);
}

TEST_F(OutboxRoutesTest, TooManyThatWaitAreTurnedAway) {
  busy_ = true;
  EXPECT_EQ(Ask("GET", "/api/v1/outbox", {}).status, 503);
}

TEST(UntoldJsonTest, AnObjectReadBackIsTheSameObject) {
  Alert alert;
  alert.rule = "R";
  alert.labels = {{"alertname", "R"}, {"host", "a\"b"}};
  alert.starts_at = 1'700'000'000 * kSecond + 1;
  alert.ends_at = alert.starts_at + kMinute;
  for (const bool end : {false, true}) {
    Untold untold;
    untold.id = "0123456789ab";
    untold.receiver = "am";
    untold.end = end;
    untold.parked = end;
    untold.alert = std::make_shared<const Alert>(alert);
    untold.offered_at = end ? alert.ends_at : kNoTime;
    untold.attempts = end ? 3 : 0;
    untold.answer = end ? "400" : "";
    const Json json = UntoldJson(untold);
    EXPECT_EQ(DumpJson(UntoldJson(UntoldOf(json))), DumpJson(json));
  }
  for (const char* odd : {"null", "[]", "{}", R"({"id":1,"labels":3,"attempts":"x"})"}) {
    EXPECT_NE(UntoldOf(*ParseJson(odd)).alert, nullptr);
  }
}

}  // namespace
}  // namespace tallybell
